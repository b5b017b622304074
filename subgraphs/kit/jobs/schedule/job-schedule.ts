import { z } from 'zod';
import { openZone, type OffsetAt } from './clock-stretches.js';
import { NoWallTimes, readWallTimes, type WallTimes } from './wall-times.js';

/** When a job comes due by itself, and what happens when it cannot run just then. */
export interface JobSchedule {
  /**
   * Five fields (minute, hour, day of month, month, day of week), or six with seconds first: `0 2 * * *` is 02:00 every
   * day. Lists, ranges, steps and English names as in crontab(5); `L` is the last day of the month.
   *
   * Where clocks change (the rule of Vixie cron and cronie):
   * - An hour of the day (`30 2 * * *`) comes due once on every day its date names. Where clocks skip it, at the first
   *   moment after the gap; all that fall into one gap, and what is due at its end anyway, are one due time. Where
   *   clocks show it twice, the first time.
   * - An interval (the hour is `*`, or `*` with a step) comes due whenever the clock shows it, each time anew, and not
   *   at what is skipped: every hour stays every hour of real time through both changes.
   */
  readonly cron: string;
  /** An IANA name, such as `Europe/Berlin`. `UTC` unless told. */
  readonly timezone?: string;
  /** The run before has not ended when the next is due: leave the next out (unless told), run it afterwards, or at once. */
  readonly overlap?: 'skip' | 'queue' | 'allow';
  /** Due times that passed while nobody scheduled: run none of them, the latest (unless told), or all. See `duesToRun`. */
  readonly catchUp?: 'none' | 'last' | 'all';
}

/** A schedule that has been checked: what the clock shows when it is due, in which zone. Not for storing. */
export interface ReadSchedule extends Required<JobSchedule> {
  readonly wallTimes: WallTimes;
  readonly offsetAt: OffsetAt;
}

/** A declaration nobody can keep: the start stops. The message names the job, the expression and what is wrong. */
export class BadSchedule extends Error {
  constructor(job: string, problem: string, cause?: unknown) {
    super(`Job "${job}" cannot be scheduled: ${problem}`, { cause });
  }
}

const jobSchedule = z.strictObject({
  cron: z.string(),
  timezone: z.string().default('UTC'),
  overlap: z.enum(['skip', 'queue', 'allow']).default('skip'),
  catchUp: z.enum(['none', 'last', 'all']).default('last'),
});

/** Throws `BadSchedule`, also for an expression that never comes due, such as `0 0 30 2 *`. */
export function readSchedule(job: string, schedule: JobSchedule): ReadSchedule {
  const parsed = jobSchedule.safeParse(schedule);
  if (!parsed.success) {
    const problems = parsed.error.issues.map(({ path, message }) => [...path, message].join(': '));
    throw new BadSchedule(job, `${JSON.stringify(schedule)} is not a schedule (${problems.join('; ')}).`, parsed.error);
  }
  const { cron, timezone } = parsed.data;
  return Object.freeze({ ...parsed.data, wallTimes: wallTimesOf(job, cron), offsetAt: zoneOf(job, cron, timezone) });
}

function wallTimesOf(job: string, cron: string): WallTimes {
  try {
    return readWallTimes(cron);
  } catch (error) {
    if (!(error instanceof NoWallTimes)) throw error;
    throw new BadSchedule(job, `"${cron}" ${error.message}`, error);
  }
}

function zoneOf(job: string, cron: string, timezone: string): OffsetAt {
  try {
    return openZone(timezone);
  } catch (error) {
    const problem = `"${cron}" is to go by "${timezone}", which is no time zone. Write an IANA name, such as "Europe/Berlin".`;
    throw new BadSchedule(job, problem, error);
  }
}
