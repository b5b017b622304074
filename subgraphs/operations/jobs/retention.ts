import { defineJob, type JobDefinition } from '@inevitable/kit';
import { z } from 'zod';
import type { UpkeepSources } from './upkeep.js';

const DAY_MS = 86_400_000;
/** How many rows one statement removes at most: its locks are short, and a run that is stopped loses one of them. */
const BATCH = 5_000;

/** Removes what nobody looks at any more. Sent outbox records are each product's own: `<product>.purge-outbox`. */
export const retentionJob = (sources: UpkeepSources): JobDefinition =>
  defineJob({
    name: 'operations.retention',
    description:
      'Removes ended jobs, health periods, job hours, recorded operations and traffic that are older than they are kept.',
    payload: z.object({}),
    schedule: { cron: '0 3 * * *' },
    timeoutMs: 3_600_000,
    concurrency: 1,
    async run({ signal, log }) {
      const { store, usage, traffic, endedJobs, keepJobsDays } = sources.upkeep;
      const keepMs = keepJobsDays * DAY_MS;
      log.info('what was old enough was removed', {
        jobs: await inBatches((most) => endedJobs.purge(keepMs, most), signal),
        healthPeriods: await inBatches((most) => store.removeOldPeriods(most), signal),
        jobHours: await inBatches((most) => store.removeOldJobHours(most), signal),
        operationHours: await inBatches((most) => usage.removeOldHours(most), signal),
        operations: await inBatches((most) => usage.removeUnseen(most), signal),
        traffic: await inBatches((most) => traffic.removeOld(most), signal),
      });
    },
  });

/** Repeats until nothing is left; answers how many rows went. Rejects with the reason of `signal` between two of them. */
export async function inBatches(remove: (most: number) => Promise<number>, signal: AbortSignal): Promise<number> {
  let removed = 0;
  for (let batch = BATCH; batch === BATCH; removed += batch) {
    signal.throwIfAborted();
    batch = await remove(BATCH);
  }
  return removed;
}
