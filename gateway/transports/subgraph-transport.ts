import type { RequestContext, SubgraphRequest } from '@inevitable/contract';
import type { ExecutionResult } from 'graphql';
import type { EndSignal } from './end-signal.js';
import type { SubscriptionTransport } from './upstream-subscription.js';

/** One operation for one subgraph, as the executor sends it. */
export interface SubgraphFetch {
  /** Only a query may be retried or shared. */
  readonly kind: 'query' | 'mutation';
  readonly operationName: string | null;
  /** The whole request body, JSON. */
  readonly body: string;
  /** What extensions add over HTTP. None that is the gateway's own (`x-inevitable-…`) or the connection's is sent. */
  readonly headers?: Readonly<Record<string, string>>;
  /** The same for a subgraph in this process. Called once at most. */
  request(): SubgraphRequest;
}

export type SubgraphAnswer =
  /** UTF-8 JSON as it came; status and content type were found fit, the text was not parsed. Never written to: it may be shared. */
  | { readonly kind: 'bytes'; readonly bytes: Buffer; readonly shared: boolean }
  /** In process. Belongs to the subgraph: never written to. */
  | { readonly kind: 'result'; readonly result: ExecutionResult };

/** How the executor reaches one subgraph. Whether that is a socket or a call is deployment, never code. */
export interface SubgraphTransport {
  readonly name: string;
  /** Null, or absent: it has none. */
  readonly subscriptions?: SubscriptionTransport | null;
  /**
   * Rejects with `SubgraphUnreachable` or `DeadlinePassed`, or with the signal's reason when the caller left. `signal`
   * ends with the operation.
   */
  send(fetch: SubgraphFetch, context: RequestContext, signal: EndSignal): Promise<SubgraphAnswer>;
}
