import { defineJob, skipped, type JobDefinition } from '@inevitable/kit';
import { timeOfId } from '@inevitable/kit/host';
import { z } from 'zod';
import type { UpkeepSources } from './upkeep.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/**
 * Writes down what became of the runs that ended within an hour: the numbers are kept when the runs are long gone. After
 * a downtime every hour of the last day is made up for. Run again, it writes the same hour again.
 */
export const summarizeJobs = (sources: UpkeepSources): JobDefinition =>
  defineJob({
    name: 'operations.summarize-jobs',
    description: 'Counts the runs of every job that ended within the hour before.',
    payload: z.object({}),
    // One after the other: "skip" would leave out all but the first of those that are made up for.
    schedule: { cron: '5 * * * *', overlap: 'queue', catchUp: 'all' },
    timeoutMs: 60_000,
    concurrency: 1,
    async run({ id, log }) {
      const { store, runs } = sources.upkeep;
      // A scheduled job's id carries its due time, and that of a run by hand when it was asked for.
      const due = timeOfId(id);
      if ((await store.now()).getTime() - due.getTime() > DAY_MS) return skipped('it was due more than a day ago');
      const hour = hourBefore(due);
      const summaries = await runs.summarize(hour, new Date(hour.getTime() + HOUR_MS));
      await store.writeJobHour(hour, summaries);
      return log.info('the hour was summarized', { hour: hour.toISOString(), names: summaries.length });
    },
  });

/** The beginning of the last hour (UTC) that had ended at `time`. */
export const hourBefore = (time: Date): Date => new Date((Math.floor(time.getTime() / HOUR_MS) - 1) * HOUR_MS);
