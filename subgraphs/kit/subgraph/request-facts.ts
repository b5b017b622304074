import {
  canonicalAddress,
  CLIENT_ADDRESS_HEADER,
  CLIENT_AGENT_HEADER,
  DEADLINE_HEADER,
  REQUEST_ID_HEADER,
  type RequestFacts,
} from '@inevitable/contract';
import { newId } from '../graph/new-id.js';

/** The longest a request may take, in milliseconds, unless its caller waits for less. */
const DEFAULT_DEADLINE_MS = 30_000;
const LONGEST_AGENT = 200;

/**
 * What a request says beside its token, without which none of it is to be believed. `header` finds one by its name;
 * `leaving` aborts when the caller has gone, and the request's own signal then, or at the deadline.
 */
export function requestFacts(header: (name: string) => string | undefined, leaving: AbortSignal): RequestFacts {
  const leftMs = Number(header(DEADLINE_HEADER));
  const deadlineMs = leftMs > 0 && leftMs <= DEFAULT_DEADLINE_MS ? leftMs : DEFAULT_DEADLINE_MS;
  return {
    requestId: header(REQUEST_ID_HEADER) ?? newId(),
    trace: header('traceparent') ?? null,
    deadline: Date.now() + deadlineMs,
    signal: AbortSignal.any([leaving, AbortSignal.timeout(deadlineMs)]),
    client: {
      address: canonicalAddress(header(CLIENT_ADDRESS_HEADER) ?? ''),
      agent: header(CLIENT_AGENT_HEADER)?.slice(0, LONGEST_AGENT) || null,
    },
  };
}
