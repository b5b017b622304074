import { randomFillSync } from 'node:crypto';
import { readTraceparent, writeTraceparent } from '@inevitable/contract';

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

/**
 * The trace that a client's `traceparent` goes on with, else a new one. `samples`: null where nothing is recorded here; what
 * a client says of its own trace is passed on then as it is. Where something is, the client's flag does not decide: anybody
 * could have everything recorded, or nothing.
 */
export function traceContext(header: string | string[] | undefined, samples: SamplesTrace | null): TraceContext {
  const named = typeof header === 'string' ? readTraceparent(header) : null;
  if (named === null) return traceOf(randomHex(16), randomHex(8), null, samples);
  const { traceId, spanId } = named;
  if (samples !== null) return traceOf(traceId, randomHex(8), spanId, samples);
  return { traceId, spanId, parentId: null, isRecorded: false, traceparent: writeTraceparent(named) };
}

function traceOf(traceId: string, spanId: string, parentId: string | null, samples: SamplesTrace | null): TraceContext {
  const isRecorded = samples !== null && samples(traceId);
  const traceparent = writeTraceparent({ traceId, spanId, isSampled: isRecorded });
  return { traceId, spanId, parentId, isRecorded, traceparent };
}

/** A span within a request's own that is recorded. */
export function spanWithin({ traceId }: TraceContext): Pick<TraceContext, 'spanId' | 'traceparent'> {
  const spanId = randomHex(8);
  return { spanId, traceparent: writeTraceparent({ traceId, spanId, isSampled: true }) };
}

/** For what is done in a trace's name so often that its spans would bury the rest. */
export const unrecorded = ({ traceId, spanId }: TraceContext): string =>
  writeTraceparent({ traceId, spanId, isSampled: false });

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
