import type { HeldRun } from './held-run.js';

interface Waiting {
  readonly run: HeldRun;
  readonly since: number;
}

/** What a worker has claimed and not begun, by definition, in the order of the claims. */
export class WaitingRuns {
  readonly #byName = new Map<string, Waiting[]>();

  add(run: HeldRun): void {
    this.#of(run.job.name).push({ run, since: performance.now() });
  }

  /** Taken, and not begun after all: it is the next again. */
  putBack(run: HeldRun): void {
    this.#of(run.job.name).unshift({ run, since: performance.now() });
  }

  has(name: string): boolean {
    return this.#of(name).length > 0;
  }

  /** The first that may begin; those that were lost meanwhile are forgotten. */
  take(name: string, may: (run: HeldRun) => boolean): HeldRun | undefined {
    const waiting = this.#of(name).filter(({ run }) => !run.isLost);
    const index = waiting.findIndex(({ run }) => may(run));
    const [taken] = index < 0 ? [] : waiting.splice(index, 1);
    this.#byName.set(name, waiting);
    return taken?.run;
  }

  /** Takes away those that have waited so long. */
  removeOlder(ms: number): readonly HeldRun[] {
    const before = performance.now() - ms;
    const removed: HeldRun[] = [];
    for (const [name, waiting] of this.#byName) {
      removed.push(...waiting.filter(({ since }) => since <= before).map(({ run }) => run));
      this.#byName.set(
        name,
        waiting.filter(({ since }) => since > before),
      );
    }
    return removed;
  }

  #of(name: string): Waiting[] {
    const waiting = this.#byName.get(name) ?? [];
    this.#byName.set(name, waiting);
    return waiting;
  }
}
