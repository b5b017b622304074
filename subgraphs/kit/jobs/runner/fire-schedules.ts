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
export async function fireSchedules(
  due: readonly DueSchedule[],
  now: Date,
  { store, jobOf, log }: FiringDeps,
): Promise<boolean> {
  let moved = false;
  for (const { name, nextDue: expected, cron, timezone } of due) {
    const job = jobOf(name);
    const schedule = scheduleOf(job);
    // Another version of the code declared it: that one's workers compute its times.
    if (schedule?.cron !== cron || schedule.timezone !== timezone) continue;
    const { run, missed, next } =
      expected === null ? { run: [], missed: 0, next: nextDue(schedule, now) } : duesToRun(schedule, expected, now);
    if (missed) log.warn({ job: name, missed }, 'a schedule came due while nobody was there; not all of it is run');
    const fired = await store.fire({
      schedule: name,
      cron,
      timezone,
      expected,
      next,
      missed,
      runs: run.map((at) => ({ due: at, job: recordOf(job, at) })),
    });
    moved ||= fired;
  }
  return moved;
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
