import type { JobRecord } from '@inevitable/contract';
import type { Logger } from 'pino';
import { scheduleOf, type JobDefinition } from '../define-job.js';
import { nextDue } from '../schedule/due-times.js';
import { duesToRun } from '../schedule/dues-to-run.js';
import type { DueSchedule, JobStore } from '../store/job-store.js';
import { derivedId } from './job-ids.js';

export interface FiringDeps {
  readonly store: JobStore;
  readonly jobOf: (name: string) => JobDefinition<unknown, never>;
  readonly log: Logger;
}

/**
 * Makes the jobs of schedules that are due and moves them on. Two workers at once: the store takes one of them. Answers
 * whether any schedule was moved.
 */
export async function fireSchedules(due: readonly DueSchedule[], now: Date, deps: FiringDeps): Promise<boolean> {
  let moved = false;
  for (const schedule of due) {
    try {
      moved = (await fireSchedule(schedule, now, deps)) || moved;
    } catch (error) {
      // The others are due as well, and so are jobs; this one is tried again at the next look.
      deps.log.error({ job: schedule.name, err: error }, 'a schedule could not be fired; trying again');
    }
  }
  return moved;
}

async function fireSchedule(
  { name, nextDue: expected, cron, timezone }: DueSchedule,
  now: Date,
  { store, jobOf, log }: FiringDeps,
): Promise<boolean> {
  const job = jobOf(name);
  const schedule = scheduleOf(job);
  // Another version of the code declared it: that one's workers compute its times.
  if (schedule?.cron !== cron || schedule.timezone !== timezone) return false;
  const { run, missed, next } =
    expected === null ? { run: [], missed: 0, next: nextDue(schedule, now) } : duesToRun(schedule, expected, now);
  const fired = await store.fire({
    schedule: name,
    cron,
    timezone,
    expected,
    next,
    missed,
    runs: run.map((at) => ({ due: at, job: recordOf(job, at) })),
  });
  if (fired && missed)
    log.warn({ job: name, missed }, 'a schedule came due while nobody was there; not all of it is run');
  return fired;
}

function recordOf(job: JobDefinition<unknown, never>, due: Date): JobRecord {
  const id = derivedId(due, job.name);
  const fansOut = job.scope === 'each-tenant';
  return {
    id,
    name: job.name,
    tenantId: null,
    payload: {},
    correlationId: id,
    trace: null,
    // Where it fans out, each tenant's part has a key of its own.
    onceKey: fansOut ? null : overlapKey(job),
    priority: 0,
    runAt: due.toISOString(),
    after: [],
    fansOut,
    schedule: job.name,
  };
}

/** "skip": while the run before is open, the next is not queued. */
export const overlapKey = ({ schedule }: JobDefinition<unknown, never>): string | null =>
  (schedule?.overlap ?? 'skip') === 'skip' ? 'schedule' : null;
