import type { Logger } from 'pino';
import { turn } from './turn.js';
import type { EndedRun, JobStore } from '../store/job-store.js';

const MOST_AT_ONCE = 500;
const RETRY_MS = 500;
/** A run's outcome is offered this long to a store that does not answer. Later the job has long been run again. */
const GIVE_UP_AFTER_MS = 120_000;

interface Waiting {
  readonly run: EndedRun;
  readonly since: number;
  readonly resolve: (wasHeld: boolean) => void;
}

/** Writes the ends of runs: one statement for all that ended while the one before was on its way (group commit). */
export class Endings {
  readonly #store: JobStore;
  readonly #log: Logger;
  #waiting: Waiting[] = [];
  #isWriting = false;
  /** One at a time after a failure: what the store refuses must not hold up the others. */
  #atOnce = MOST_AT_ONCE;

  constructor(store: JobStore, log: Logger) {
    this.#store = store;
    this.#log = log;
  }

  /** False: the run was not this worker's to end any more, or the store did not answer in time. */
  write(run: EndedRun): Promise<boolean> {
    return new Promise((resolve) => {
      this.#waiting.push({ run, since: performance.now(), resolve });
      if (!this.#isWriting) void this.#writeAll();
    });
  }

  async #writeAll(): Promise<void> {
    this.#isWriting = true;
    await turn(); // what ends in the same turn goes along
    while (this.#waiting.length) {
      const batch = this.#waiting.splice(0, this.#atOnce);
      try {
        const held = await this.#store.end(batch.map(({ run }) => run));
        this.#atOnce = MOST_AT_ONCE;
        for (const { run, resolve } of batch) resolve(held.has(run.id));
      } catch (error) {
        this.#atOnce = 1;
        const tooOld = performance.now() - GIVE_UP_AFTER_MS;
        this.#log.warn({ err: error, jobs: batch.length }, 'the ends of jobs could not be written; trying again');
        for (const waiting of batch) {
          if (waiting.since < tooOld) waiting.resolve(false);
          else this.#waiting.push(waiting);
        }
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS).unref());
      }
    }
    this.#isWriting = false;
  }
}
