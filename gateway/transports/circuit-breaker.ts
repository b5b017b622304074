import { RecentCount } from './recent-count.js';

const WINDOW_MS = 10_000;
/** It opens when at least this many calls of the window failed, and at least half of all. */
const FAILURES = 5;
const RATIO = 0.5;
/** How long nothing is sent after it opened or a probe failed, and after how long a probe that hangs is no longer waited for. */
const PAUSE_MS = 2_000;

/** What a call showed about the peer; `unknown` where the caller left before it could show anything. */
export type CallResult = 'worked' | 'failed' | 'unknown';

/** Leave to make one call. Given back once, by `ended`. */
export type Permit = number & { readonly permit: unique symbol };

export type CircuitState = 'closed' | 'open' | 'half-open';

/**
 * Stops calling a peer that fails, so that its callers hear at once what they would hear late, and the peer has quiet to
 * come back. Open, it lets one probe through after every pause; a probe that works closes it.
 */
export class CircuitBreaker {
  readonly #now: () => number;
  readonly #calls = new RecentCount(WINDOW_MS);
  readonly #failures = new RecentCount(WINDOW_MS);
  /** Grows with every change between closed and open, so that a call from before says nothing about now. */
  #era = 1;
  #open = false;
  #probing = false;
  #nextProbeAt = 0;

  /** `now` in epoch milliseconds. */
  constructor(now: () => number) {
    this.#now = now;
  }

  get state(): CircuitState {
    if (!this.#open) return 'closed';
    return this.#probing ? 'half-open' : 'open';
  }

  /** null: the circuit is open, and this call is not to be made. */
  enter(): Permit | null {
    if (this.#open) {
      const now = this.#now();
      if (now < this.#nextProbeAt) return null;
      this.#probing = true;
      this.#nextProbeAt = now + PAUSE_MS;
    }
    return this.#era as Permit; // the only cast: permits come from here
  }

  ended(permit: Permit, result: CallResult): void {
    if (permit !== this.#era) return;
    if (this.#open) this.#probed(result);
    else if (result !== 'unknown') this.#count(result);
  }

  #probed(result: CallResult): void {
    this.#probing = false;
    if (result === 'worked') {
      this.#open = false;
      this.#era++;
    } else this.#nextProbeAt = this.#now() + (result === 'failed' ? PAUSE_MS : 0);
  }

  #count(result: 'worked' | 'failed'): void {
    const now = this.#now();
    this.#calls.add(now);
    if (result === 'worked') return;
    this.#failures.add(now);
    const failures = this.#failures.total(now);
    if (failures < FAILURES || failures < RATIO * this.#calls.total(now)) return;
    this.#open = true;
    this.#era++;
    this.#probing = false;
    this.#nextProbeAt = now + PAUSE_MS;
    this.#calls.clear();
    this.#failures.clear();
  }
}
