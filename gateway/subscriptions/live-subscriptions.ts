import type { IdentifiedOperation } from '../pipeline/identify-operation.js';
import { authorizeOperation } from '../pipeline/authorize-operation.js';
import { planOperation } from '../pipeline/plan-operation.js';
import { protect } from '../pipeline/protect.js';
import type { ReceivedOperation } from '../pipeline/receive.js';
import type { Snapshot } from '../snapshot/snapshot.js';
import type { ClientStream } from '../streaming/client-stream.js';
import { EventAnswers } from './answer-event.js';
import { Subscription, type SlowConsumer, type SubscriptionParts } from './subscription.js';

/** How soon a token that has ended ends its subscriptions; a revocation takes until the gateway has heard of it, too. */
const CHECK_EVERY_MS = 1_000;

export interface LiveSubscriptionsOptions extends Omit<SubscriptionParts, 'answers' | 'slowConsumer'> {
  /** `close` unless given. */
  readonly slowConsumer?: SlowConsumer | undefined;
}

/** All subscriptions of a gateway. They follow its supergraph, and end with their callers' tokens. */
export class LiveSubscriptions {
  readonly #parts: SubscriptionParts;
  readonly #live = new Set<Subscription>();
  readonly #timer: NodeJS.Timeout;
  readonly #unfollow: () => void;
  #following: Promise<void> = Promise.resolve();

  constructor({ slowConsumer = 'close', ...parts }: LiveSubscriptionsOptions) {
    this.#parts = { ...parts, slowConsumer, answers: new EventAnswers() };
    this.#timer = setInterval(() => {
      for (const subscription of this.#live) void subscription.checkCaller();
    }, CHECK_EVERY_MS).unref();
    this.#unfollow = parts.snapshots.onSwap(() => {
      this.#following = this.#following.then(() => this.#followAll());
    });
  }

  get count(): number {
    return this.#live.size;
  }

  /** Subscribes for the caller, on the snapshot the operation was identified on. Rejects with what it is refused with. */
  async open(received: ReceivedOperation, identified: IdentifiedOperation, snapshot: Snapshot): Promise<ClientStream> {
    const { extensions, snapshots } = this.#parts;
    const permitted = await protect(identified, extensions);
    const planned = await planOperation(await authorizeOperation(permitted, snapshot), snapshot, extensions);
    const subscription = new Subscription(received, snapshots.hold(snapshot), this.#parts, () =>
      this.#live.delete(subscription),
    );
    this.#live.add(subscription);
    subscription.start(planned);
    void subscription.follow(); // a reload may have passed by while it was planned
    return subscription.stream;
  }

  close(): void {
    clearInterval(this.#timer);
    this.#unfollow();
    for (const subscription of this.#live) subscription.close();
  }

  /** One after the other: ten thousand that are planned anew at once would keep everybody else from being planned. */
  async #followAll(): Promise<void> {
    for (const subscription of this.#live) await subscription.follow();
  }
}
