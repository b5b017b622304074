import { RateLimiterMemory, type RateLimiterRes } from 'rate-limiter-flexible';
import { keptSeconds, type Counters, type Taken } from './counters.js';

/** Counts for this gateway alone. */
export function memoryCounters(): Counters {
  const byDuration = new Map<number, Counts>();
  const countsOf = (duration: number): Counts => {
    let counts = byDuration.get(duration);
    if (!counts) byDuration.set(duration, (counts = new Counts(duration)));
    return counts;
  };

  return {
    take(window, units, limit) {
      const { key } = window;
      const counts = countsOf(keptSeconds(window));
      const held = counts.add(key, units);
      const isGranted = held <= limit;
      return new TakenInMemory(isGranted, isGranted ? held : counts.add(key, -units), counts, key);
    },
    health: () => [],
    close: () => Promise.resolve(),
  };
}

/**
 * What the library keeps in memory, without the promises that it wraps around it: those of one operation took a tenth of
 * the CPU of a small one (`npm run bench -- --protection`).
 */
class Counts extends RateLimiterMemory {
  // The types do not have it. `describeCounters` would fail with a version that counts in another way.
  declare private readonly _memoryStorage: {
    incrby(key: string, points: number, seconds: number): RateLimiterRes;
  };

  constructor(duration: number) {
    // Limits are tenants' own and change, a limiter's `points` do not: they are compared by whoever takes.
    super({ points: 0, duration, keyPrefix: '' });
  }

  /** What `key` holds then. */
  add(key: string, units: number): number {
    return this._memoryStorage.incrby(key, units, this.duration).consumedPoints;
  }
}

class TakenInMemory implements Taken {
  constructor(
    readonly isGranted: boolean,
    readonly held: number,
    private readonly counts: Counts,
    private readonly key: string,
  ) {}

  giveBack(units: number): void {
    this.counts.add(this.key, -units);
  }
}
