/** W3C Trace Context, section 3.2.2. */
const TRACEPARENT = /^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$/;

/** 32 hexadecimal digits; null: it names none. */
export const traceIdOf = (traceparent: string | null): string | null =>
  traceparent === null ? null : (TRACEPARENT.exec(traceparent)?.[1] ?? null);

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
