import type { ExecutionResult } from 'graphql';
import type { SubscriptionListener } from '../transports/upstream-subscription.js';
import { gate } from './gate.js';

/** A listener that keeps what it is told. */
export class RecordedListener implements SubscriptionListener {
  readonly events: ExecutionResult[] = [];
  /** One at most, if the other side keeps to the rules. */
  readonly ends: (Error | null)[] = [];
  readonly #ended = gate();
  #wanted: { readonly count: number; readonly reached: () => void } | null = null;

  event(result: ExecutionResult): void {
    this.events.push(result);
    if (this.events.length >= (this.#wanted?.count ?? Infinity)) this.#wanted!.reached();
  }

  ended(error: Error | null): void {
    this.ends.push(error);
    this.#ended.open();
  }

  /** Resolves with all events once there are so many. */
  async heard(count: number): Promise<readonly ExecutionResult[]> {
    const reached = gate();
    this.#wanted = { count, reached: reached.open };
    if (this.events.length < count) await reached.opened;
    return this.events;
  }

  /** Resolves with what it ended with. */
  async end(): Promise<Error | null> {
    await this.#ended.opened;
    return this.ends[0]!;
  }
}
