import { machineTimeMs } from '../../streaming/clock.js';
import type { SentJob } from '../queues/sent-job.js';

export interface Progress {
  /** Different jobs that have run to their end. */
  readonly ran: number;
  /** Runs beyond the first of a job. */
  readonly repeated: number;
  /** When the last of them ended, by the machine's clock. */
  readonly atMs: number;
}

/** A job's number, and milliseconds from before it was enqueued until its handler was called. */
export type StartDelay = readonly [number: number, delayMs: number];

/** What a worker's handlers were called with. */
export class Tally {
  readonly #ran = new Set<number>();
  readonly #delays: StartDelay[] = [];
  #repeated = 0;
  #atMs = 0;
  #awaited = Infinity;
  #whenAwaited: () => void = () => undefined;

  began({ number, sentAtMs }: SentJob): void {
    if (sentAtMs > 0) this.#delays.push([number, machineTimeMs() - sentAtMs]);
  }

  ended({ number }: SentJob): void {
    if (this.#ran.has(number)) this.#repeated += 1;
    this.#ran.add(number);
    this.#atMs = machineTimeMs();
    if (this.#ran.size >= this.#awaited) this.#whenAwaited();
  }

  /** Resolves when so many have run, or when the time is over. One caller at a time. */
  async until(jobs: number, withinMs: number): Promise<Progress> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, withinMs);
      this.#awaited = jobs;
      this.#whenAwaited = () => {
        clearTimeout(timer);
        resolve();
      };
      if (this.#ran.size >= jobs) this.#whenAwaited();
    });
    return { ran: this.#ran.size, repeated: this.#repeated, atMs: this.#atMs };
  }

  /** Of the first run of each job that was enqueued while it was measured. */
  get delays(): readonly StartDelay[] {
    const first = new Map<number, number>();
    for (const [number, delayMs] of this.#delays) if (!first.has(number)) first.set(number, delayMs);
    return [...first];
  }
}
