import { readTraceparent } from './traceparent.js';

/** 32 hexadecimal digits; null: it names none. */
export const traceIdOf = (traceparent: string | null): string | null => readTraceparent(traceparent)?.traceId ?? null;

export interface RequestInLog {
  readonly requestId: string;
  /** The same in every process that has to do with the request, and in the jobs that it led to. Absent: it has none. */
  readonly traceId?: string;
}

/** What a line of the log calls the request that it is about: the name its client was promised, and its trace. */
export function requestInLog({
  requestId,
  trace,
}: {
  readonly requestId: string;
  readonly trace: string | null;
}): RequestInLog {
  const traceId = traceIdOf(trace);
  return traceId === null ? { requestId } : { requestId, traceId };
}
