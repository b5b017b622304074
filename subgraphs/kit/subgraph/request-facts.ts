import { DEADLINE_HEADER, REQUEST_ID_HEADER, type RequestFacts } from '@inevitable/contract';
import { newId } from '../graph/new-id.js';

/** The longest a request may take, in milliseconds, unless its caller waits for less. */
const DEFAULT_DEADLINE_MS = 30_000;

/**
 * What a request says beside its token. `header` finds one by its name; `leaving` aborts when the caller has gone, and
 * the request's own signal then, or at the deadline.
 */
export function requestFacts(header: (name: string) => string | undefined, leaving: AbortSignal): RequestFacts {
  const leftMs = Number(header(DEADLINE_HEADER));
  const deadlineMs = leftMs > 0 && leftMs <= DEFAULT_DEADLINE_MS ? leftMs : DEFAULT_DEADLINE_MS;
  return {
    requestId: header(REQUEST_ID_HEADER) ?? newId(),
    trace: header('traceparent') ?? null,
    deadline: Date.now() + deadlineMs,
    signal: AbortSignal.any([leaving, AbortSignal.timeout(deadlineMs)]),
  };
}
