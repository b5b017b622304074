import { keptSeconds, type Counters, type Taken } from './counters.js';

/** What a window holds. */
interface Count {
  held: number;
}

/**
 * Counts for this gateway alone, in maps of our own: every operation takes of four windows. `RateLimiterMemory` makes a
 * promise for each, which cost a tenth of a small operation; without them it was to be had by its private field alone.
 */
export function memoryCounters(): Counters {
  const byDuration = new Map<number, Counts>();
  const countsOf = (seconds: number): Counts => {
    let counts = byDuration.get(seconds);
    if (!counts) byDuration.set(seconds, (counts = new Counts(seconds)));
    return counts;
  };

  return {
    take(window, units, limit) {
      const count = countsOf(keptSeconds(window)).of(window.key);
      const isGranted = count.held + units <= limit;
      if (isGranted) count.held += units;
      return new TakenInMemory(isGranted, count.held, count);
    },
    health: () => [],
    close() {
      for (const counts of byDuration.values()) counts.stop();
      return Promise.resolve();
    },
  };
}

/** Those that nobody has asked for in `seconds` are forgotten, before twice that long. */
class Counts {
  #asked = new Map<string, Count>();
  #askedBefore = new Map<string, Count>();
  readonly #forgetting: NodeJS.Timeout;

  constructor(seconds: number) {
    this.#forgetting = setInterval(() => this.#forget(), seconds * 1_000);
    this.#forgetting.unref();
  }

  of(key: string): Count {
    return this.#asked.get(key) ?? this.#again(key);
  }

  stop(): void {
    clearInterval(this.#forgetting);
  }

  #again(key: string): Count {
    const count = this.#askedBefore.get(key) ?? { held: 0 };
    this.#asked.set(key, count);
    return count;
  }

  #forget(): void {
    this.#askedBefore = this.#asked;
    this.#asked = new Map();
  }
}

class TakenInMemory implements Taken {
  readonly #count: Count;

  constructor(
    readonly isGranted: boolean,
    readonly held: number,
    count: Count,
  ) {
    this.#count = count;
  }

  giveBack(units: number): void {
    this.#count.held -= units;
  }
}
