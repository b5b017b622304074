import type { JobDepot } from './job-depot.js';
import type { KeptFiring, KeptJob } from './kept-job.js';

/** Of jobs and of firings: what is held in memory, and written at once. A payload has at most 256 KB. */
export const BATCH = 250;

/** By id, all of those after that one; what is removed meanwhile is left out. */
export async function* jobsIn(depot: JobDepot, after: string | null = null): AsyncGenerator<readonly KeptJob[]> {
  for (let last = after; ;) {
    const jobs = await depot.jobsAfter(last, BATCH);
    if (!jobs.length) return;
    last = jobs.at(-1)!.id;
    yield jobs;
  }
}

/** By due time. */
export async function* firingsIn(depot: JobDepot, schedule: string): AsyncGenerator<KeptFiring, undefined> {
  for (let last: Date | null = null; ;) {
    const firings = await depot.firingsAfter(schedule, last, BATCH);
    if (!firings.length) return;
    last = firings.at(-1)!.due;
    yield* firings;
  }
}
