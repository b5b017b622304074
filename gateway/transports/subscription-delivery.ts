import type { ExecutionResult } from 'graphql';
import type { SubscriptionListener, UpstreamSubscription } from './upstream-subscription.js';

/**
 * What one listener is told, kept to the rules of `SubscriptionListener` whatever the subgraph sends: nothing after the
 * end or `close`, and one end. A listener that throws is told what it threw, as its end: several share a socket, and
 * another one's fault is no concern of theirs.
 */
export class SubscriptionDelivery implements SubscriptionListener, UpstreamSubscription {
  readonly #listener: SubscriptionListener;
  readonly #stop: () => void;
  #isOver = false;

  /** `stop` ends what the events come from. Called once at most, and not when that ended by itself. */
  constructor(listener: SubscriptionListener, stop: () => void) {
    this.#listener = listener;
    this.#stop = stop;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  event(result: ExecutionResult): void {
    if (this.#isOver) return;
    try {
      this.#listener.event(result);
    } catch (error) {
      this.fail(error instanceof Error ? error : new Error(String(error)));
    }
  }

  ended(error: Error | null): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#tellEnd(error);
  }

  /** Ends it from our side, and says why. */
  fail(error: Error): void {
    if (this.#isOver) return;
    this.#isOver = true; // what stops may answer that it was stopped
    this.#stop();
    this.#tellEnd(error);
  }

  close(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#stop();
  }

  #tellEnd(error: Error | null): void {
    try {
      this.#listener.ended(error);
    } catch {
      // It has heard all it will ever hear, and there is nobody else to tell.
    }
  }
}
