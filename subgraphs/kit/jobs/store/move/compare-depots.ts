import { createHash } from 'node:crypto';
import { canonicalDefinition, canonicalFiring, canonicalJob } from './canonical-job.js';
import { firingsIn, jobsIn } from './in-batches.js';
import type { JobDepot } from './job-depot.js';
import type { KeptDefinition } from './kept-job.js';
import { MoveRefused } from './move-refused.js';

/** What two stores have alike. */
export interface Compared {
  readonly jobs: number;
  /** Of them, those that have not ended. */
  readonly open: number;
  readonly definitions: number;
  readonly schedules: number;
  readonly firings: number;
  /** Of all of it, in hex: the same on both sides. */
  readonly sha256: string;
}

/**
 * Reads all that the source has, and the same of the target, each as canonical text, and hashes what is the same. Throws
 * `MoveRefused`, which names the first that differs or is not there.
 */
export async function compareDepots(
  source: JobDepot,
  target: JobDepot,
  told: (jobs: number) => void,
): Promise<Compared> {
  const hash = createHash('sha256');
  const counts = { jobs: 0, open: 0, definitions: 0, schedules: 0, firings: 0 };
  const compare = (what: string, mine: string, other: string | undefined): void => {
    if (mine !== other)
      throw new MoveRefused(
        `${what} is not the same in ${source.place} and in ${target.place}: somebody wrote there while jobs were moved. Nothing was removed. Find out who did, and run this again.`,
      );
    hash.update(`${mine}\n`);
  };

  for await (const mine of jobsIn(source)) {
    const others = new Map((await target.jobsOf(mine.map(({ id }) => id))).map((job) => [job.id, job]));
    for (const job of mine) {
      const other = others.get(job.id);
      compare(`Job ${job.id}`, canonicalJob(job), other && canonicalJob(other));
      counts.jobs += 1;
      if (job.finishedAt === null) counts.open += 1;
    }
    told(counts.jobs);
  }

  const others = new Map((await target.definitions()).map((definition) => [definition.name, definition]));
  for (const definition of await source.definitions()) {
    const other = others.get(definition.name);
    if (isNewer(other, definition)) continue;
    compare(`The definition ${definition.name}`, canonicalDefinition(definition), other && canonicalDefinition(other));
    counts.definitions += 1;
    if (definition.schedule === null) continue;
    counts.schedules += 1;
    counts.firings += await compareFirings(source, target, definition.name, compare);
  }
  return { ...counts, sha256: hash.digest('hex') };
}

/** What was declared in the target later is what counts there. */
export const isNewer = (other: KeptDefinition | undefined, one: KeptDefinition): boolean =>
  other !== undefined && other.declaredAt > one.declaredAt;

async function compareFirings(
  source: JobDepot,
  target: JobDepot,
  schedule: string,
  compare: (what: string, mine: string, other: string | undefined) => void,
): Promise<number> {
  const others = firingsIn(target, schedule);
  let count = 0;
  for await (const firing of firingsIn(source, schedule)) {
    // The target may have others in between.
    let other = await others.next();
    while (!other.done && other.value.due < firing.due) other = await others.next();
    compare(
      `The run of ${schedule} that was due ${firing.due.toISOString()}`,
      canonicalFiring(schedule, firing),
      other.done ? undefined : canonicalFiring(schedule, other.value),
    );
    count += 1;
  }
  return count;
}
