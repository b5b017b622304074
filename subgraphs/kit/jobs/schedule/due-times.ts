import { clockStretches, type ClockStretch } from './clock-stretches.js';
import type { ReadSchedule } from './job-schedule.js';

/** The most a zone has put its clock forward or back since 1970 (Samoa, 30 December 2011). */
const DAY_MS = 86_400_000;

/**
 * The first due time strictly after `after`, by the rule in `JobSchedule.cron`. Whole seconds.
 * Looks at the zone around `after`, then around the next times of the wall clock: a leap day eight years away costs as
 * little as the next minute. Throws a RangeError for an invalid date.
 */
export function nextDue(schedule: ReadSchedule, after: Date): Date {
  const { wallTimes, offsetAt } = schedule;
  for (let from = after.getTime() + 1; ;) {
    const to = from + DAY_MS;
    // From a day earlier, to know what of an hour that is shown twice has been shown before.
    const stretches = clockStretches(offsetAt, from - DAY_MS, to);
    for (const stretch of stretches) {
      if (stretch.end <= from) continue;
      const due = firstDueIn(schedule, stretch, from);
      if (due < stretch.end) return new Date(due);
    }
    // Whatever changes until then, clocks are never further than a day from what they would show now.
    const { offset } = stretches.at(-1)!;
    from = Math.max(to, wallTimes.nextAt(to + offset - DAY_MS) - offset - DAY_MS);
  }
}

/**
 * How many due times there are from `from` to `to`, both included. Walks days, not due times: a year is 366 steps,
 * however often the schedule comes due.
 */
export function countDues(schedule: ReadSchedule, from: Date, to: Date): number {
  const first = from.getTime();
  let count = 0;
  for (const stretch of clockStretches(schedule.offsetAt, first - DAY_MS, to.getTime() + 1)) {
    if (stretch.end > first) count += countDuesIn(schedule, stretch, first);
  }
  return count;
}

/** The first due time of the stretch at or after `from`; it may lie at or after the stretch's end: then there is none. */
function firstDueIn({ wallTimes }: ReadSchedule, stretch: ClockStretch, from: number): number {
  const due = wallTimes.nextAt(firstWall(wallTimes.isInterval, stretch, from)) - stretch.offset;
  return Math.max(due, stretch.start);
}

/** How many due times the stretch has at or after `from`. */
function countDuesIn({ wallTimes }: ReadSchedule, stretch: ClockStretch, from: number): number {
  const wall = firstWall(wallTimes.isInterval, stretch, from);
  const shown = stretch.start + stretch.offset;
  // All that the clock skipped is one due time, at the first moment after the gap, and the same as one due just then.
  const skipped = wall < shown && wallTimes.nextAt(wall) < shown && wallTimes.nextAt(shown) !== shown;
  return wallTimes.countIn(Math.max(wall, shown), stretch.end + stretch.offset) + (skipped ? 1 : 0);
}

/**
 * The first wall time that counts at or after `from`. An interval counts what the clock shows. An hour of the day
 * counts once: what was skipped when the stretch began counts too, what had been shown before does not.
 */
function firstWall(isInterval: boolean, { start, offset, offsetBefore }: ClockStretch, from: number): number {
  if (isInterval) return Math.max(from, start) + offset;
  const shownBefore = start + offsetBefore;
  return from <= start ? shownBefore : Math.max(from + offset, shownBefore);
}
