import { RecentCount } from './recent-count.js';

const WINDOW_MS = 10_000;
const SHARE = 0.2;
/** So that the one fetch of a quiet minute may be tried again too. */
const FLOOR = 3;

/**
 * How many fetches of one subgraph may be sent a second time: a fifth of those sent in the last seconds, and three.
 * A subgraph that is down then gets a fifth more load from us, where retries without a budget would double it.
 */
export class RetryBudget {
  readonly #now: () => number;
  readonly #sent = new RecentCount(WINDOW_MS);
  readonly #retried = new RecentCount(WINDOW_MS);
  #taken = 0;

  /** `now` in epoch milliseconds. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** All that were ever taken out of it. */
  get taken(): number {
    return this.#taken;
  }

  /** A fetch goes out for the first time. */
  sent(): void {
    this.#sent.add(this.#now());
  }

  /** Takes one retry out of the budget; false when it is used up. */
  take(): boolean {
    const now = this.#now();
    if (this.#retried.total(now) >= FLOOR + SHARE * this.#sent.total(now)) return false;
    this.#retried.add(now);
    this.#taken++;
    return true;
  }
}
