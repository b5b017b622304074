import { CronExpressionParser, type CronField } from 'cron-parser';

const SECOND_MS = 1_000;
const DAY_S = 86_400;
/** The Gregorian calendar repeats after 400 years, weekdays included: a day that has not come by then never comes. */
const CALENDAR_DAYS = 146_097;

/**
 * The times a cron expression names, on a wall clock that knows no zone.
 * A wall time is what the clock shows, as the milliseconds since 1970 that would be so in UTC.
 */
export interface WallTimes {
  /** The hour field is `*` or `*` with a step: due again and again, rather than at an hour of the day. */
  readonly isInterval: boolean;
  /** The first one at or after `wall`. */
  nextAt(wall: number): number;
  /** How many there are from `from` (included) to `to` (not included). */
  countIn(from: number, to: number): number;
}

/** The expression is not one, or names no day that ever comes. `message` completes `"<expression>" …`. */
export class NoWallTimes extends Error {}

/** What each field may hold, and how many values it has. `L` is the last day of the month. */
const FIELDS = [
  { name: 'second', holds: /^[\d*,/-]+$/, values: 60 },
  { name: 'minute', holds: /^[\d*,/-]+$/, values: 60 },
  { name: 'hour', holds: /^[\d*,/-]+$/, values: 24 },
  { name: 'day of month', holds: /^(L|[\d*/-]+)(,(L|[\d*/-]+))*$/, values: 31 },
  { name: 'month', holds: /^[\da-z*,/-]+$/i, values: 12 },
  { name: 'day of week', holds: /^[\da-z*,/-]+$/i, values: 7 },
] as const;

const WEEKDAY_NAMES = /\b(sun|mon|tue|wed|thu|fri|sat)\b/gi;
const MONTH_NAMES = /\b(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)\b/gi;

/**
 * Reads five cron fields, or six with seconds first. Lists, ranges, steps and English names as in crontab(5), and `L`
 * as a day of the month. A day is due as in crontab(5): where both day fields are restricted one of them suffices, and
 * a field that begins with `*` does not count as restricted. Throws `NoWallTimes`.
 */
export function readWallTimes(cron: string): WallTimes {
  const written = cron.trim().split(/\s+/);
  if (written.length < 5 || written.length > 6)
    throw notCron(cron.trim() ? `its fields are ${written.length}` : 'it is empty');
  const raw = written.length === 5 ? ['0', ...written] : written;
  FIELDS.forEach((field, index) => checkField(field, raw[index]!));

  const fields = parseFields(raw);
  const timesOfDay = secondsOfDay(numbers(fields.hour), numbers(fields.minute), numbers(fields.second));
  const isDueDay = dueDays(raw, numbers(fields.month), fields.dayOfMonth, numbers(fields.dayOfWeek));

  /** `fromDay` itself included; days since 1970. */
  const nextDay = (fromDay: number): number => {
    for (let day = fromDay; day < fromDay + CALENDAR_DAYS; day++) if (isDueDay(day)) return day;
    throw new NoWallTimes('never comes due: no month it names has that day.');
  };
  nextDay(0);

  return {
    isInterval: /^\*(\/\d+)?$/.test(raw[2]!),
    nextAt(wall) {
      const second = Math.ceil(wall / SECOND_MS);
      const today = Math.floor(second / DAY_S);
      const index = isDueDay(today) ? countBefore(timesOfDay, second - today * DAY_S) : timesOfDay.length;
      const due =
        index < timesOfDay.length ? today * DAY_S + timesOfDay[index]! : nextDay(today + 1) * DAY_S + timesOfDay[0]!;
      return due * SECOND_MS;
    },
    countIn(from, to) {
      const first = Math.ceil(from / SECOND_MS);
      const end = Math.ceil(to / SECOND_MS);
      let count = 0;
      for (let day = Math.floor(first / DAY_S); day * DAY_S < end; day++) {
        if (!isDueDay(day)) continue;
        const midnight = day * DAY_S;
        count += countBefore(timesOfDay, end - midnight) - countBefore(timesOfDay, Math.min(first, end) - midnight);
      }
      return count;
    },
  };
}

const notCron = (why: string) =>
  new NoWallTimes(
    `is not a cron expression (${why}). Five fields (minute, hour, day of month, month, day of week), or six with seconds first.`,
  );

function checkField({ name, holds, values }: (typeof FIELDS)[number], text: string): void {
  if (!holds.test(text)) throw notCron(`"${text}" is no ${name}`);
  const nameless =
    name === 'month' ? text.replace(MONTH_NAMES, '') : name === 'day of week' ? text.replace(WEEKDAY_NAMES, '') : '';
  if (/[a-z]/i.test(nameless)) throw notCron(`"${text}" is no ${name}`);
  // Steps start anew with every minute, hour, day: */90 in the minutes would be every hour, not every 90 minutes.
  for (const [, step] of text.matchAll(/\/(\d+)/g)) {
    if (Number(step) > values) throw notCron(`"${text}" steps over all ${values} values of a ${name}`);
  }
}

function parseFields(raw: readonly string[]) {
  try {
    return CronExpressionParser.parse(raw.join(' ')).fields;
  } catch (error) {
    const why = (error as Error).message;
    // The library's words for a day that none of the months has.
    if (why.includes('explicit day of month'))
      throw new NoWallTimes('never comes due: no month it names has that day.');
    throw notCron(why);
  }
}

/** Sorted. `L` is not among them: the field tells it apart. */
const numbers = (field: CronField): number[] =>
  (field.values as (number | string)[]).filter((value) => typeof value === 'number').sort((a, b) => a - b);

/** Seconds since midnight, sorted. 345 kB when every second is due, and that is the most. */
const secondsOfDay = (hours: readonly number[], minutes: readonly number[], seconds: readonly number[]): Uint32Array =>
  Uint32Array.from(
    hours.flatMap((hour) => minutes.flatMap((minute) => seconds.map((second) => hour * 3_600 + minute * 60 + second))),
  );

/** Tells whether a day (days since 1970) is one the three date fields name. */
function dueDays(raw: readonly string[], month: number[], dayOfMonth: CronField, dayOfWeek: number[]) {
  const months = new Set(month);
  const monthDays = new Set(numbers(dayOfMonth));
  const weekdays = new Set(dayOfWeek);
  const bothRestricted = !raw[3]!.startsWith('*') && !raw[5]!.startsWith('*');
  const dateOf = (day: number) => new Date(day * DAY_S * SECOND_MS);
  return (day: number): boolean => {
    const date = dateOf(day);
    if (!months.has(date.getUTCMonth() + 1)) return false;
    const byMonth = monthDays.has(date.getUTCDate()) || (dayOfMonth.hasLastChar && dateOf(day + 1).getUTCDate() === 1);
    const byWeek = weekdays.has(date.getUTCDay());
    return bothRestricted ? byMonth || byWeek : byMonth && byWeek;
  };
}

/** How many of the sorted numbers are less than `limit`. */
function countBefore(sorted: Uint32Array, limit: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle]! < limit) low = middle + 1;
    else high = middle;
  }
  return low;
}
