import { countDues, nextDue } from './due-times.js';
import type { ReadSchedule } from './job-schedule.js';

/** Milliseconds. A due time that is seen no later than this was not missed. */
export const ON_TIME_MS = 60_000;
/** Runs that one downtime may leave behind with `catchUp: 'all'`: the newest ones. */
export const MOST_CAUGHT_UP = 1_000;

export interface DuesToRun {
  /** Each gets a run, in this order. */
  readonly run: readonly Date[];
  /** How many due times get none. */
  readonly missed: number;
  /** When to ask again: the first due time after `now`. */
  readonly next: Date;
}

/**
 * Decides at `now` about the due times from `due` on, both included, where `due` is the `next` of the last decision.
 * - `catchUp: 'none'`: the latest runs, if it is on time (`ON_TIME_MS`).
 * - `'last'`: the latest runs, however late.
 * - `'all'`: every one, oldest first; of more than `MOST_CAUGHT_UP` the newest.
 *
 * Where the schedule was changed since, `due` may be none of its due times, and those after it count.
 * Asked before `due` it runs nothing. Pure: two schedulers that ask the same get the same.
 * Counts by days and halves the time to find the oldest that runs, so a year of an every-30-seconds schedule takes
 * milliseconds.
 */
export function duesToRun(schedule: ReadSchedule, due: Date, now: Date): DuesToRun {
  if (now < due) return { run: [], missed: 0, next: due };
  const came = countDues(schedule, due, now);
  const most = schedule.catchUp === 'all' ? MOST_CAUGHT_UP : 1;
  const newest = duesFrom(schedule, came <= most ? due : newestDues(schedule, due, now, most), now);
  const run = schedule.catchUp === 'none' ? newest.filter((time) => isOnTime(time, now)) : newest;
  return { run, missed: came - run.length, next: nextDue(schedule, now) };
}

const isOnTime = (due: Date, now: Date): boolean => now.getTime() - due.getTime() <= ON_TIME_MS;

/** The latest instant from which there still are `count` due times until `now`: the oldest of them. */
function newestDues(schedule: ReadSchedule, due: Date, now: Date, count: number): Date {
  let enough = due.getTime();
  let tooFew = now.getTime() + 1;
  while (tooFew - enough > 1) {
    const middle = Math.floor((enough + tooFew) / 2);
    if (countDues(schedule, new Date(middle), now) >= count) enough = middle;
    else tooFew = middle;
  }
  return new Date(enough);
}

/** All due times from `from` to `to`, both included. */
function duesFrom(schedule: ReadSchedule, from: Date, to: Date): readonly Date[] {
  const dues: Date[] = [];
  for (let time = nextDue(schedule, new Date(from.getTime() - 1)); time <= to; time = nextDue(schedule, time)) {
    dues.push(time);
  }
  return dues;
}
