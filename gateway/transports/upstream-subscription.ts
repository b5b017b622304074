import type { RequestContext } from '@inevitable/contract';
import type { ExecutionResult } from 'graphql';

/** A subscription as the executor asks one subgraph for it. */
export interface SubscriptionRequest {
  readonly query: string;
  readonly variables: Readonly<Record<string, unknown>>;
  /** The id of the last event that was seen; null: from now on. */
  readonly lastEventId: string | null;
  /** What extensions add; see `SubgraphFetch.headers`. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** Told of a subscription from its start on; never after `close`. */
export interface SubscriptionListener {
  /** In order. Shared with others: never written to. */
  event(result: ExecutionResult): void;
  /**
   * Once, and nothing after it. Null: the subgraph ended it; else `SubgraphUnreachable`, or what the subgraph refused it
   * with: a `CallerError` or `OperatorError` of one in this process, `SubscriptionRefused` of any other.
   */
  ended(error: Error | null): void;
}

export interface UpstreamSubscription {
  /** Idempotent. */
  close(): void;
}

/** How the gateway subscribes to one subgraph: a socket, an event stream, or a call in this process. */
export interface SubscriptionTransport {
  /** The events begin with those after `lastEventId`. Never throws: also a refusal is told to `listener.ended`. */
  subscribe(
    request: SubscriptionRequest,
    context: RequestContext,
    listener: SubscriptionListener,
  ): UpstreamSubscription;
}

/** One that holds connections. */
export interface ClosableSubscriptionTransport extends SubscriptionTransport {
  /** Ends what is subscribed, with `SubgraphUnreachable`. Idempotent. */
  close(): void;
}
