import type { Pause } from '../background/keep-running.js';

interface Timer {
  readonly at: number;
  readonly wake: () => void;
}

/** Time that passes only when the test lets it: a pause of a minute takes no time. */
export class VirtualTime {
  readonly #timers = new Set<Timer>();
  #now = 1_000_000;

  /** Milliseconds. */
  readonly now = (): number => this.#now;

  readonly pause: Pause = (ms, signal) =>
    new Promise((resolve) => {
      if (signal.aborted) return resolve();
      const wake = () => {
        this.#timers.delete(timer);
        signal.removeEventListener('abort', wake);
        resolve();
      };
      const timer = { at: this.#now + ms, wake };
      this.#timers.add(timer);
      signal.addEventListener('abort', wake, { once: true });
    });

  /** Passes through every moment at which something was to go on, and lets it. */
  async advanceTo(moment: number): Promise<void> {
    for (;;) {
      await new Promise(setImmediate);
      const [next] = [...this.#timers].sort((a, b) => a.at - b.at);
      if (!next || next.at > moment) break;
      this.#now = next.at;
      next.wake();
    }
    this.#now = moment;
  }
}
