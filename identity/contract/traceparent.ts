/** What a `traceparent` says. */
export interface Traceparent {
  /** 32 hexadecimal digits. */
  readonly traceId: string;
  /** Of the span that is the parent of what is done for it: 16 hexadecimal digits. */
  readonly spanId: string;
  readonly isSampled: boolean;
}

/** Version, trace id, parent id, flags; of a later version more may follow (W3C Trace Context, section 4.3). */
const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?$/;
const SAMPLED = 1;

/** Null: there is none, or it names no trace. */
export function readTraceparent(text: string | null | undefined): Traceparent | null {
  const [, traceId, spanId, flags] = (text && TRACEPARENT.exec(text)) || [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return null;
  return { traceId, spanId, isSampled: (parseInt(flags, 16) & SAMPLED) === SAMPLED };
}

/** Version 00 (section 3.2.2.1), whatever was read: what a later one says beyond it is not ours to repeat. */
export const writeTraceparent = ({ traceId, spanId, isSampled }: Traceparent): string =>
  `00-${traceId}-${spanId}-${isSampled ? '01' : '00'}`;
