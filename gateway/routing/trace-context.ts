import { randomFillSync } from 'node:crypto';

/** Where a request stands in its trace (W3C Trace Context, sections 3.2 and 4). */
export interface TraceContext {
  /** 32 hexadecimal digits: the same in every part of the stack that has to do with the request. */
  readonly traceId: string;
  /** 16 hexadecimal digits: what is called for this request names it as its parent. */
  readonly spanId: string;
  /** The client's span, 16 hexadecimal digits; null: the trace begins here. */
  readonly parentId: string | null;
  /** Spans of it are recorded here; what the client says of its own does not count. */
  readonly isRecorded: boolean;
  /** As the header has it that goes on. */
  readonly traceparent: string;
}

/** Whether spans of a trace are recorded, by its id. */
export type SamplesTrace = (traceId: string) => boolean;

const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?$/;
const SAMPLED = 1;

/** Whether a header goes on with a trace, or a new one begins. */
export const namesTrace = (header: string): boolean => TRACEPARENT.test(header);

/**
 * The trace that a client's `traceparent` goes on with, else a new one. `samples`: null where nothing is recorded here; what
 * a client says of its own trace is passed on then as it is. Where something is, the client's flag does not decide: anybody
 * could have everything recorded, or nothing.
 */
export function traceContext(header: string | string[] | undefined, samples: SamplesTrace | null): TraceContext {
  const [, traceId, parentId, flags] = (typeof header === 'string' && TRACEPARENT.exec(header)) || [];
  if (traceId === undefined || parentId === undefined) return traceOf(randomHex(16), randomHex(8), null, samples);
  if (samples !== null) return traceOf(traceId, randomHex(8), parentId, samples);
  const isSampled = (parseInt(flags!, 16) & SAMPLED) === SAMPLED;
  const traceparent = textOf(traceId, parentId, isSampled);
  return { traceId, spanId: parentId, parentId: null, isRecorded: false, traceparent };
}

function traceOf(traceId: string, spanId: string, parentId: string | null, samples: SamplesTrace | null): TraceContext {
  const isRecorded = samples !== null && samples(traceId);
  return { traceId, spanId, parentId, isRecorded, traceparent: textOf(traceId, spanId, isRecorded) };
}

/** A span within a request's own that is recorded. */
export function spanWithin({ traceId }: TraceContext): Pick<TraceContext, 'spanId' | 'traceparent'> {
  const spanId = randomHex(8);
  return { spanId, traceparent: textOf(traceId, spanId, true) };
}

/** For what is done in a trace's name so often that its spans would bury the rest. */
export const unrecorded = ({ traceId, spanId }: TraceContext): string => textOf(traceId, spanId, false);

/** Version 00 (section 3.2.2.1), whatever the client's was: what a later one may say beyond it is not ours to repeat. */
const textOf = (traceId: string, spanId: string, isSampled: boolean): string =>
  `00-${traceId}-${spanId}-${isSampled ? '01' : '00'}`;

/** Random bytes are asked for by the page: each call into the kernel's generator costs as much as a small operation's parsing. */
const pool = Buffer.alloc(4_096);
let taken = pool.length;

function randomHex(bytes: number): string {
  if (taken + bytes > pool.length) {
    randomFillSync(pool);
    taken = 0;
  }
  taken += bytes;
  return pool.toString('hex', taken - bytes, taken);
}
