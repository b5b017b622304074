import type { RequestContext } from '@inevitable/contract';
import type { FetchMade } from '../executor/run-plan.js';
import type { TraceContext } from '../routing/trace-context.js';
import type { OperationSeen } from './gateway-extension.js';

/**
 * `answered`: with all that was asked for. `errors`: with errors of fields, or after a stream had begun. `refused`: it is
 * the caller's to ask otherwise, or later (4xx). `failed`: ours (5xx). `left`: nobody waited for it any more.
 */
export type RequestOutcome = 'answered' | 'errors' | 'refused' | 'failed' | 'left';

/** One request from its first byte to its answer's last, or to when nobody waited for one any more. */
export interface RequestSeen {
  /** An operation over HTTP; one over a WebSocket; a request to one of a product's routes; any other path. */
  readonly route: 'graphql' | 'websocket' | 'product' | 'other';
  /** Whose route it is; null: no product's. */
  readonly product: string | null;
  /** Of HTTP; null over a WebSocket. */
  readonly method: string | null;
  readonly requestId: string;
  readonly trace: TraceContext;
  /** Epoch milliseconds. */
  readonly startedAt: number;
  readonly durationMs: number;
  readonly outcome: RequestOutcome;
  /** Of HTTP; null over a WebSocket, and where the client left before it had one. */
  readonly status: number | null;
  /** Of the errors that the client was told of, each once, in their order: ten at most. */
  readonly codes: readonly string[];
  /** Bytes of the answer's body, as sent; null where it was streamed, or there was none. */
  readonly responseBytes: number | null;
  /** Of what was streamed, how many payloads were sent. */
  readonly payloads: number;
  /** Null: it was refused before that was known. */
  readonly context: RequestContext | null;
  /** Null: it was refused before that was known, or it is none. */
  readonly operation: OperationSeen | null;
  /** What it was planned from was known already; null: it was not planned. */
  readonly planKnown: boolean | null;
  /** Milliseconds from its begin to when somebody began to plan it; null: nobody had to. */
  readonly planningAfterMs: number | null;
  /** Requests to subgraphs, without those for events of a subscription. Their times begin at `fetchingAfterMs`. */
  readonly fetches: readonly FetchMade[];
  /** Milliseconds from its begin to when its plan was run; null: nothing was. */
  readonly fetchingAfterMs: number | null;
}
