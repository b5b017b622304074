import { canonicalJson } from './canonical-json.js';
import type { KeptDefinition, KeptFiring, KeptJob } from './kept-job.js';

// Two stores have the same if these texts are the same.

export function canonicalJob(job: KeptJob): string {
  const { payload, progress, runs, after, ...rest } = job;
  return inOrder({
    ...rest,
    payload: canonicalJson(payload),
    // PostgreSQL keeps it in four bytes.
    progress: progress === null ? null : Math.fround(progress),
    after: after.map(({ id, isOpen }) => [id, isOpen]),
    runs: runs.map(({ log, ...run }) =>
      inOrder({ ...run, log: log.map(({ at, level, message }) => [at, level, message]) }),
    ),
  });
}

export const canonicalDefinition = ({ declared, schedule, ...rest }: KeptDefinition): string =>
  inOrder({ ...rest, declared: canonicalJson(declared), schedule: schedule && inOrder({ ...schedule }) });

/** That it was fired. Of one that is in both already, each may know it differently. */
export const canonicalFiring = (schedule: string, { due }: KeptFiring): string => JSON.stringify([schedule, due]);

const inOrder = (fields: Readonly<Record<string, unknown>>): string =>
  JSON.stringify(Object.entries(fields).sort(([one], [other]) => (one < other ? -1 : 1)));
