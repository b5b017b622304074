import { contextOf, type RequestContext } from '@inevitable/contract';
import type { ExecutionResult } from 'graphql';
import { SubscriptionDelivery } from './subscription-delivery.js';
import type {
  SubscriptionListener,
  SubscriptionRequest,
  SubscriptionTransport,
  UpstreamSubscription,
} from './upstream-subscription.js';

/**
 * Subscribes once, however many equal subscriptions are asked for: one document, the same variables and headers of
 * extensions, by callers whom the subgraph cannot tell apart. `identityOf` answers all that it is told about a caller.
 * Each listener gets the events from the moment it joined; whoever wants what it missed (`lastEventId`) subscribes alone.
 */
export function shareSubscriptions(
  transport: SubscriptionTransport,
  identityOf: (context: RequestContext) => string,
): SubscriptionTransport {
  const open = new Map<string, SharedSubscription>();
  return {
    subscribe(request, context, listener) {
      if (request.lastEventId !== null) return transport.subscribe(request, context, listener);
      const key = JSON.stringify([request.query, request.variables, request.headers ?? null, identityOf(context)]);
      const same = open.get(key);
      if (same) return same.join(listener);
      const own = new SharedSubscription(() => void open.delete(key));
      open.set(key, own);
      const joined = own.join(listener);
      own.start(transport, request, context);
      return joined;
    },
  };
}

/** One upstream and everybody who listens to it. It is over when it has ended, or when the last listener has left. */
class SharedSubscription implements SubscriptionListener {
  readonly #listeners = new Set<SubscriptionDelivery>();
  readonly #abort = new AbortController();
  readonly #onOver: () => void;
  #upstream: UpstreamSubscription | null = null;
  #isOver = false;

  /** `onOver`: from here on nobody may join. */
  constructor(onOver: () => void) {
    this.#onOver = onOver;
  }

  /** In the name of whoever came first, and not until that one leaves: the signal is the subscription's own. */
  start(transport: SubscriptionTransport, request: SubscriptionRequest, context: RequestContext): void {
    const { requestId, trace, deadline, deployment } = context;
    const facts = { requestId, trace, deadline, deployment, signal: this.#abort.signal };
    this.#upstream = transport.subscribe(request, contextOf(facts, context), this);
    if (this.#isOver) this.#upstream.close(); // all have left while it started
  }

  join(listener: SubscriptionListener): UpstreamSubscription {
    const delivery = new SubscriptionDelivery(listener, () => this.#left(delivery));
    this.#listeners.add(delivery);
    return delivery;
  }

  event(result: ExecutionResult): void {
    // A copy: who joins because of this event hears the next one first.
    for (const listener of [...this.#listeners]) listener.event(result);
  }

  ended(error: Error | null): void {
    if (this.#isOver) return;
    this.#over();
    for (const listener of this.#listeners) listener.ended(error);
  }

  #left(delivery: SubscriptionDelivery): void {
    this.#listeners.delete(delivery);
    if (this.#listeners.size > 0 || this.#isOver) return;
    this.#over();
    this.#upstream?.close();
  }

  #over(): void {
    this.#isOver = true;
    this.#onOver();
    this.#abort.abort(ENDED);
  }
}

const ENDED = new Error('The subscription has ended.');
