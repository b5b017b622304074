import { contextOf, type RequestContext } from '@inevitable/contract';
import type { ExecutionResult } from 'graphql';
import { RecentEvents, type Place, type RememberedEvents } from './recent-events.js';
import { SubscriptionDelivery } from './subscription-delivery.js';
import type {
  SubscriptionListener,
  SubscriptionRequest,
  SubscriptionTransport,
  UpstreamSubscription,
} from './upstream-subscription.js';

/** Of equal upstreams that began after different events; a newcomer asks the latest ones. */
const MOST_ASKED = 64;

/**
 * Subscribes once, however many equal subscriptions are asked for: one document, the same variables and headers of
 * extensions, by callers whom the subgraph cannot tell apart. `identityOf` answers all that it is told about a caller.
 * Each listener gets the events from the moment it joined, or those after its `lastEventId`. Where no upstream knows what
 * came after that one, another begins there, which others may join in turn.
 */
export function shareSubscriptions(
  transport: SubscriptionTransport,
  identityOf: (context: RequestContext) => string,
): SubscriptionTransport {
  const open = new Map<string, SharedSubscription[]>();
  const remembered: RememberedEvents = new Set();
  return {
    subscribe(request, context, listener) {
      const { query, variables, headers = null, lastEventId } = request;
      const key = JSON.stringify([query, variables, headers, identityOf(context)]);
      const equal = open.get(key) ?? [];
      const same =
        lastEventId === null
          ? equal.find(({ beganAfter }) => beganAfter === null)
          : equal.slice(-MOST_ASKED).findLast((shared) => shared.knowsWhatCameAfter(lastEventId));
      if (same) return same.join(listener, lastEventId);
      const own = new SharedSubscription(lastEventId, remembered, () => {
        equal.splice(equal.indexOf(own), 1);
        if (equal.length === 0) open.delete(key);
      });
      equal.push(own);
      open.set(key, equal);
      const joined = own.join(listener, lastEventId);
      own.start(transport, request, context);
      return joined;
    },
  };
}

/** One upstream and everybody who listens to it. It is over when it has ended, or when the last listener has left. */
class SharedSubscription implements SubscriptionListener {
  /** Null: it tells nothing that is older than itself. */
  readonly beganAfter: string | null;
  readonly #recent: RecentEvents;
  readonly #live = new Set<SubscriptionDelivery>();
  /** They are told the past, and what comes meanwhile with it. */
  readonly #catchingUp = new Set<SubscriptionDelivery>();
  readonly #abort = new AbortController();
  readonly #onOver: () => void;
  #upstream: UpstreamSubscription | null = null;
  #isOver = false;
  /** What it ended with. */
  #error: Error | null = null;

  /** `onOver`: from here on nobody may join. */
  constructor(beganAfter: string | null, remembered: RememberedEvents, onOver: () => void) {
    this.beganAfter = beganAfter;
    this.#recent = new RecentEvents(beganAfter, remembered);
    this.#onOver = onOver;
  }

  /** In the name of whoever came first, and not until that one leaves: the signal is the subscription's own. */
  start(transport: SubscriptionTransport, request: SubscriptionRequest, context: RequestContext): void {
    const { requestId, trace, deadline, deployment } = context;
    const facts = { requestId, trace, deadline, deployment, signal: this.#abort.signal };
    this.#upstream = transport.subscribe(request, contextOf(facts, context), this);
    if (this.#isOver) this.#upstream.close(); // all have left while it started
  }

  knowsWhatCameAfter(eventId: string): boolean {
    return this.#recent.after(eventId) !== null;
  }

  /** After the event of that id, which must be known; null: from now on. */
  join(listener: SubscriptionListener, lastEventId: string | null): UpstreamSubscription {
    const delivery = new SubscriptionDelivery(listener, () => this.#left(delivery));
    const place = lastEventId === null ? this.#recent.newest : this.#recent.after(lastEventId)!;
    if (place.next) {
      this.#catchingUp.add(delivery);
      // A listener hears nothing before it has what `subscribe` answers.
      queueMicrotask(() => this.#catchUp(delivery, place));
    } else this.#live.add(delivery);
    return delivery;
  }

  event(result: ExecutionResult): void {
    if (this.#isOver) return;
    this.#recent.add(result);
    // A copy: who joins because of this event hears the next one first.
    for (const delivery of [...this.#live]) delivery.event(result);
  }

  ended(error: Error | null): void {
    if (this.#isOver) return;
    this.#error = error;
    this.#over();
    for (const delivery of this.#live) delivery.ended(error);
  }

  #catchUp(delivery: SubscriptionDelivery, after: Place): void {
    for (let place = after.next; place && !delivery.isOver; place = place.next) delivery.event(place.event!);
    this.#catchingUp.delete(delivery);
    if (this.#isOver) delivery.ended(this.#error);
    else if (!delivery.isOver) this.#live.add(delivery);
  }

  #left(delivery: SubscriptionDelivery): void {
    this.#live.delete(delivery);
    this.#catchingUp.delete(delivery);
    if (this.#live.size + this.#catchingUp.size > 0 || this.#isOver) return;
    this.#over();
    this.#upstream?.close();
  }

  #over(): void {
    this.#isOver = true;
    this.#recent.forget();
    this.#onOver();
    this.#abort.abort(ENDED);
  }
}

const ENDED = new Error('The subscription has ended.');
