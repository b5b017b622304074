import { anonymousContext, type RequestContext } from '@inevitable/contract';
import { authorizationIn } from '../authentication/authenticate-caller.js';
import type { CallerNow, Credentials } from '../authentication/credentials.js';
import { authorizeOperation } from '../pipeline/authorize-operation.js';
import type { IdentifiedOperation } from '../pipeline/identify-operation.js';
import { planOperation } from '../pipeline/plan-operation.js';
import { protect } from '../pipeline/protect.js';
import type { ReceivedOperation } from '../pipeline/receive.js';
import type { RefusedForNow } from '../protection/refused-for-now.js';
import type { SubscriptionsSettings } from '../protection/subscriptions-settings.js';
import type { Snapshot } from '../snapshot/snapshot.js';
import type { ClientStream } from '../streaming/client-stream.js';
import { EventAnswers } from './answer-event.js';
import { Subscription, type SlowConsumer, type SubscriptionParts } from './subscription.js';
import { subscriptionPlaces } from './subscription-places.js';
import { upstreamOf } from './upstream-of.js';

/** How soon a credential that has ended ends its subscriptions; a revocation takes until the gateway has heard of it, too. */
const CHECK_EVERY_MS = 1_000;

export interface LiveSubscriptionsOptions extends Omit<SubscriptionParts, 'answers' | 'slowConsumer'> {
  /** null (`--auth off`): every caller is anonymous. */
  readonly credentials: Credentials | null;
  /** `close` unless given. */
  readonly slowConsumer?: SlowConsumer | undefined;
  /** How many there may be; null: any number. */
  readonly bounds: SubscriptionsSettings | null;
  /** Told of those for which there is no place. */
  readonly onRefused: (refusal: RefusedForNow, context: RequestContext) => void;
}

/** All subscriptions of a gateway. They follow its supergraph, and end with their callers' credentials. */
export class LiveSubscriptions {
  readonly #credentials: Credentials | null;
  readonly #parts: SubscriptionParts;
  readonly #placeFor: ReturnType<typeof subscriptionPlaces>;
  readonly #live = new Set<Subscription>();
  readonly #timer: NodeJS.Timeout;
  readonly #unfollow: () => void;
  #isFollowing = false;
  #isClosed = false;

  constructor({ credentials, slowConsumer = 'close', bounds, onRefused, ...parts }: LiveSubscriptionsOptions) {
    this.#credentials = credentials;
    this.#placeFor = bounds ? subscriptionPlaces(bounds, onRefused) : () => null;
    this.#parts = { ...parts, slowConsumer, answers: new EventAnswers() };
    this.#timer = setInterval(() => this.#check(), CHECK_EVERY_MS).unref();
    this.#unfollow = parts.snapshots.onSwap(() => void this.#followAll());
  }

  get count(): number {
    return this.#live.size;
  }

  /** Subscribes for the caller, on the snapshot the operation was identified on. Rejects with what it is refused with. */
  async open(received: ReceivedOperation, identified: IdentifiedOperation, snapshot: Snapshot): Promise<ClientStream> {
    const caller = await this.#callerOf(received);
    const place = this.#placeFor(identified.context);
    try {
      return await this.#open(received, identified, snapshot, caller, () => place?.release());
    } catch (error) {
      place?.release();
      throw error;
    }
  }

  close(): void {
    this.#isClosed = true;
    clearInterval(this.#timer);
    this.#unfollow();
    for (const subscription of this.#live) subscription.close();
  }

  async #open(
    received: ReceivedOperation,
    identified: IdentifiedOperation,
    snapshot: Snapshot,
    caller: CallerNow,
    onEnd: () => void,
  ): Promise<ClientStream> {
    const { extensions } = this.#parts;
    const permitted = await protect(identified, extensions);
    try {
      const planned = await planOperation(await authorizeOperation(permitted, snapshot), snapshot, extensions);
      const wanted = upstreamOf(planned, snapshot);
      extensions.onSubscription?.(planned.seen);
      const subscription = new Subscription(received, caller, this.#parts, () => {
        this.#live.delete(subscription);
        onEnd();
      });
      this.#live.add(subscription);
      subscription.start(planned, wanted, snapshot);
      if (this.#isClosed) subscription.close();
      else void subscription.follow(); // a reload may have passed by while it was planned
      return subscription.stream;
    } finally {
      extensions.onEnd?.(permitted.seen);
    }
  }

  async #callerOf({ rawHeaders, facts }: ReceivedOperation): Promise<CallerNow> {
    const authorization = this.#credentials && authorizationIn(rawHeaders);
    if (this.#credentials === null || authorization === null) return anonymousContext;
    return this.#credentials.keep(authorization, facts);
  }

  #check(): void {
    let someBehind = false;
    for (const subscription of this.#live) {
      subscription.checkCaller();
      someBehind ||= subscription.isBehind;
    }
    if (someBehind) void this.#followAll();
  }

  /** One after the other: ten thousand that are planned anew at once would keep everybody else from being planned. */
  async #followAll(): Promise<void> {
    if (this.#isFollowing) return; // whoever is behind when it is done follows with the next check
    this.#isFollowing = true;
    for (const subscription of this.#live) await subscription.follow();
    this.#isFollowing = false;
  }
}
