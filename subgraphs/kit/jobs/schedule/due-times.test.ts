import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { countDues, nextDue } from './due-times.js';
import { readSchedule } from './job-schedule.js';

const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;

/** The due times after `after`, in UTC, as many as asked for. */
function duesAfter(cron: string, timezone: string, after: string, count: number): string[] {
  const schedule = readSchedule('test.job', { cron, timezone });
  const dues: Date[] = [];
  while (dues.length < count) dues.push(nextDue(schedule, dues.at(-1) ?? new Date(after)));
  return dues.map((due) => due.toISOString().replace(':00.000Z', 'Z'));
}

describe('A due time', () => {
  it('is strictly later than the time asked about', () => {
    expect(duesAfter('0 2 * * *', 'UTC', '2026-01-01T02:00:00Z', 1)).toEqual(['2026-01-02T02:00Z']);
    expect(duesAfter('0 2 * * *', 'UTC', '2026-01-01T01:59:59.999Z', 1)).toEqual(['2026-01-01T02:00Z']);
  });

  it('has seconds where six fields ask for them', () => {
    const schedule = readSchedule('test.job', { cron: '*/30 * * * * *' });
    expect(nextDue(schedule, new Date('2026-01-01T00:00:00.001Z'))).toEqual(new Date('2026-01-01T00:00:30Z'));
  });

  it('goes by the wall clock of its zone', () => {
    expect(duesAfter('30 9 * * MON-FRI', 'Asia/Kolkata', '2026-01-02T12:00:00Z', 2)).toEqual([
      '2026-01-05T04:00Z',
      '2026-01-06T04:00Z',
    ]);
  });

  it('is found years ahead: the leap day, also across a century that has none', () => {
    expect(duesAfter('0 0 29 2 *', 'Europe/Berlin', '2026-01-01T00:00:00Z', 1)).toEqual(['2028-02-28T23:00Z']);
    expect(duesAfter('0 0 29 2 *', 'Europe/Berlin', '2096-03-01T00:00:00Z', 1)).toEqual(['2104-02-28T23:00Z']);
  });

  it('knows the last day of each month', () => {
    expect(duesAfter('0 0 L * *', 'UTC', '2028-01-01T00:00:00Z', 3)).toEqual([
      '2028-01-31T00:00Z',
      '2028-02-29T00:00Z',
      '2028-03-31T00:00Z',
    ]);
    expect(duesAfter('0 0 L 2 *', 'UTC', '2026-01-01T00:00:00Z', 1)).toEqual(['2026-02-28T00:00Z']);
  });

  it('needs one of two restricted day fields, and both where one begins with a star', () => {
    expect(duesAfter('0 0 13 * FRI', 'UTC', '2026-02-01T00:00:00Z', 3)).toEqual([
      '2026-02-06T00:00Z',
      '2026-02-13T00:00Z',
      '2026-02-20T00:00Z',
    ]);
    expect(duesAfter('0 0 */2 * FRI', 'UTC', '2026-02-01T00:00:00Z', 2)).toEqual([
      '2026-02-13T00:00Z',
      '2026-02-27T00:00Z',
    ]);
  });

  it('that clocks skip comes at the first moment after the gap', () => {
    // Berlin, 29 March 2026: 02:00 becomes 03:00 at 01:00 UTC.
    expect(duesAfter('30 2 * * *', 'Europe/Berlin', '2026-03-28T12:00:00Z', 2)).toEqual([
      '2026-03-29T01:00Z',
      '2026-03-30T00:30Z',
    ]);
    // Lord Howe Island, 4 October 2026: 02:00 becomes 02:30 at 15:30 UTC of the day before.
    expect(duesAfter('15 2 * * *', 'Australia/Lord_Howe', '2026-10-03T00:00:00Z', 2)).toEqual([
      '2026-10-03T15:30Z',
      '2026-10-04T15:15Z',
    ]);
    // Santiago, 6 September 2026: midnight becomes 01:00.
    expect(duesAfter('0 0 * * SUN', 'America/Santiago', '2026-09-05T00:00:00Z', 2)).toEqual([
      '2026-09-06T04:00Z',
      '2026-09-13T03:00Z',
    ]);
    // Samoa skipped 30 December 2011 as a whole.
    expect(duesAfter('0 12 * * *', 'Pacific/Apia', '2011-12-29T12:00:00Z', 3)).toEqual([
      '2011-12-29T22:00Z',
      '2011-12-30T10:00Z',
      '2011-12-30T22:00Z',
    ]);
  });

  it('is one, where several fall into one gap and another is due at its end', () => {
    expect(duesAfter('*/15 2,3 * * *', 'Europe/Berlin', '2026-03-28T12:00:00Z', 5)).toEqual([
      '2026-03-29T01:00Z',
      '2026-03-29T01:15Z',
      '2026-03-29T01:30Z',
      '2026-03-29T01:45Z',
      '2026-03-30T00:00Z',
    ]);
    const schedule = readSchedule('test.job', { cron: '*/15 2,3 * * *', timezone: 'Europe/Berlin' });
    expect(countDues(schedule, new Date('2026-03-29T00:00:00Z'), new Date('2026-03-29T22:00:00Z'))).toBe(4);
  });

  it('that clocks show twice comes the first time only', () => {
    // Berlin, 25 October 2026: 03:00 becomes 02:00 at 01:00 UTC.
    expect(duesAfter('30 2 * * *', 'Europe/Berlin', '2026-10-24T12:00:00Z', 2)).toEqual([
      '2026-10-25T00:30Z',
      '2026-10-26T01:30Z',
    ]);
    // Lord Howe Island, 5 April 2026: 02:00 becomes 01:30 at 15:00 UTC of the day before.
    expect(duesAfter('45 1 * * *', 'Australia/Lord_Howe', '2026-04-04T00:00:00Z', 2)).toEqual([
      '2026-04-04T14:45Z',
      '2026-04-05T15:15Z',
    ]);
    // Cairo, 30 October 2026: midnight becomes 23:00 of the day before.
    expect(duesAfter('30 23 * * *', 'Africa/Cairo', '2026-10-29T00:00:00Z', 2)).toEqual([
      '2026-10-29T20:30Z',
      '2026-10-30T21:30Z',
    ]);
  });

  it('of every hour stays one hour from the next through both changes', () => {
    expect(duesAfter('0 * * * *', 'Europe/Berlin', '2026-03-28T23:30:00Z', 3)).toEqual([
      '2026-03-29T00:00Z',
      '2026-03-29T01:00Z',
      '2026-03-29T02:00Z',
    ]);
    expect(duesAfter('0 * * * *', 'Europe/Berlin', '2026-10-24T23:30:00Z', 3)).toEqual([
      '2026-10-25T00:00Z',
      '2026-10-25T01:00Z',
      '2026-10-25T02:00Z',
    ]);
  });

  it('of every second hour follows the hours the clock shows', () => {
    expect(duesAfter('0 */2 * * *', 'Europe/Berlin', '2026-03-28T22:30:00Z', 2)).toEqual([
      '2026-03-28T23:00Z',
      '2026-03-29T02:00Z',
    ]);
    expect(duesAfter('0 */2 * * *', 'Europe/Berlin', '2026-10-24T23:30:00Z', 3)).toEqual([
      '2026-10-25T00:00Z',
      '2026-10-25T01:00Z',
      '2026-10-25T03:00Z',
    ]);
  });
});

/** A zone around a change of its clocks, or around a day without one: 36 hours before and after. */
const DAYS = [
  ['Europe/Berlin', '2026-03-29T01:00:00Z'],
  ['Europe/Berlin', '2026-10-25T01:00:00Z'],
  ['Europe/Berlin', '2026-06-30T22:00:00Z'],
  ['America/New_York', '2026-03-08T07:00:00Z'],
  ['America/New_York', '2026-11-01T06:00:00Z'],
  ['Australia/Lord_Howe', '2026-10-03T15:30:00Z'],
  ['Australia/Lord_Howe', '2026-04-04T15:00:00Z'],
  ['America/Santiago', '2026-09-06T04:00:00Z'],
  ['America/Santiago', '2026-04-05T03:00:00Z'],
  ['Africa/Cairo', '2026-04-23T22:00:00Z'],
  ['Africa/Cairo', '2026-10-29T21:00:00Z'],
  ['America/St_Johns', '2010-11-07T02:31:00Z'], // 00:01 became 23:01 of the day before
  ['UTC', '2028-02-29T12:00:00Z'],
] as const;

interface WallMinute {
  /** Milliseconds since 1970. */
  readonly instant: number;
  /** What the clock shows, as if in UTC. */
  readonly wall: number;
}

/** Every minute of the days, and what clocks show then by `Intl`. Clocks of this century change on whole minutes. */
function wallMinutes(timezone: string, around: string): readonly WallMinute[] {
  const format = new Intl.DateTimeFormat('sv-SE', { timeZone: timezone, dateStyle: 'short', timeStyle: 'medium' });
  const middle = Date.parse(around);
  return Array.from({ length: 72 * 60 }, (_, minute) => {
    const instant = middle - 36 * HOUR_MS + minute * MINUTE_MS;
    return { instant, wall: Date.parse(`${format.format(instant).replace(' ', 'T')}Z`) };
  });
}

const walks = new Map<string, readonly WallMinute[]>(
  DAYS.map(([timezone, around]) => [around, wallMinutes(timezone, around)]),
);

interface Field {
  readonly text: string;
  readonly values: ReadonlySet<number>;
}

const numbersFrom = (from: number, to: number, step = 1): number[] =>
  Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, index) => from + index * step);

/** A cron field from `min` to `max` together with what it means, so that nobody has to parse it. */
function field(min: number, max: number, starts: fc.Arbitrary<number> = fc.integer({ min, max })): fc.Arbitrary<Field> {
  const star = fc.constant({ text: '*', values: new Set(numbersFrom(min, max)) });
  const step = fc.integer({ min: 1, max: max - min + 1 });
  const steps = step.map((by) => ({ text: `*/${by}`, values: new Set(numbersFrom(min, max, by)) }));
  const range = fc.tuple(starts, starts, fc.integer({ min: 1, max: 4 })).map(([a, b, by]) => {
    const [low, high] = [Math.min(a, b), Math.max(a, b)];
    return { text: `${low}-${high}/${by}`, values: new Set(numbersFrom(low, high, by)) };
  });
  const list = fc
    .uniqueArray(starts, { minLength: 1, maxLength: 3 })
    .map((some) => ({ text: some.join(','), values: new Set(some) }));
  return fc.oneof(star, steps, range, list, list);
}

const whole = (min: number, max: number): Field => ({ text: '*', values: new Set(numbersFrom(min, max)) });
const zero: Field = { text: '0', values: new Set([0]) };
/** The hours in which clocks are changed, and their neighbours, are the interesting ones. */
const changedHours = fc.oneof(fc.constantFrom(0, 1, 2, 3, 23), fc.integer({ min: 0, max: 23 }));
/** Any day field makes most days none, so most expressions have none. */
const seldom = (some: fc.Arbitrary<Field>, min: number, max: number) =>
  fc.oneof({ weight: 4, arbitrary: fc.constant(whole(min, max)) }, { weight: 1, arbitrary: some });

const expression = fc.record({
  second: fc.oneof({ weight: 3, arbitrary: fc.constant(zero) }, { weight: 1, arbitrary: field(0, 59) }),
  minute: field(0, 59, fc.oneof(fc.constantFrom(0, 15, 30, 45), fc.integer({ min: 0, max: 59 }))),
  hour: field(0, 23, changedHours),
  dayOfMonth: seldom(field(1, 31, fc.integer({ min: 1, max: 28 })), 1, 31),
  month: seldom(field(1, 12), 1, 12),
  dayOfWeek: seldom(field(0, 6), 0, 6),
});
type Expression = typeof expression extends fc.Arbitrary<infer Value> ? Value : never;

const cronOf = ({ second, minute, hour, dayOfMonth, month, dayOfWeek }: Expression): string =>
  [second, minute, hour, dayOfMonth, month, dayOfWeek].map(({ text }) => text).join(' ');

/** What the clock shows is what the expression says. */
function shows(said: Expression, wall: number): boolean {
  const date = new Date(wall);
  const byMonth = said.dayOfMonth.values.has(date.getUTCDate());
  const byWeek = said.dayOfWeek.values.has(date.getUTCDay());
  const eitherDoes = !said.dayOfMonth.text.startsWith('*') && !said.dayOfWeek.text.startsWith('*');
  return (
    said.second.values.has(date.getUTCSeconds()) &&
    said.minute.values.has(date.getUTCMinutes()) &&
    said.hour.values.has(date.getUTCHours()) &&
    said.month.values.has(date.getUTCMonth() + 1) &&
    (eitherDoes ? byMonth || byWeek : byMonth && byWeek)
  );
}

/**
 * The rule as one would tell it, second by second: an interval is due when the clock shows it; an hour of the day when
 * the clock shows it and never did before, or has just skipped it.
 */
function oracle(said: Expression, minutes: readonly WallMinute[]): number[] {
  const isInterval = said.hour.text === '*' || said.hour.text.startsWith('*/');
  const seconds = [...said.second.values].map((second) => second * SECOND_MS).sort((a, b) => a - b);
  const shown = new Set<number>();
  const dues = new Set<number>();
  minutes.forEach(({ instant, wall }, index) => {
    const expected = index === 0 ? wall : minutes[index - 1]!.wall + MINUTE_MS;
    for (let skipped = expected; !isInterval && skipped < wall; skipped += MINUTE_MS) {
      if (seconds.some((second) => shows(said, skipped + second))) dues.add(instant);
    }
    if (isInterval || !shown.has(wall)) {
      for (const second of seconds) if (shows(said, wall + second)) dues.add(instant + second);
    }
    shown.add(wall);
  });
  return [...dues];
}

describe('Due times', () => {
  it('are those of a walk through every second of the days around a change of clocks', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...DAYS),
        expression,
        fc.array(fc.integer({ min: -24 * 3_600, max: 30 * 3_600 }), { minLength: 3, maxLength: 3 }),
        ([timezone, around], said, moments) => {
          const schedule = readSchedule('test.job', { cron: cronOf(said), timezone });
          const walked = oracle(said, walks.get(around)!);
          const middle = Date.parse(around);
          const end = middle + 36 * HOUR_MS;

          for (const after of [...moments.map((second) => middle + second * SECOND_MS), middle - 1, middle]) {
            const due = nextDue(schedule, new Date(after)).getTime();
            expect(due < end ? due : undefined).toBe(walked.find((time) => time > after));
          }

          const from = middle - 2 * HOUR_MS;
          const expected = walked.filter((time) => time > from).slice(0, 40);
          const found: number[] = [];
          while (found.length < expected.length) {
            found.push(nextDue(schedule, new Date(found.at(-1) ?? from)).getTime());
          }
          expect(found).toEqual(expected);

          const [first, last] = [middle + moments[0]! * SECOND_MS, middle + moments[1]! * SECOND_MS];
          const between = walked.filter((time) => time >= first && time <= last);
          expect(countDues(schedule, new Date(first), new Date(last))).toBe(between.length);
        },
      ),
      { numRuns: 100 },
    );
  });

  it('are as many as a walk from one to the next finds, over months and changes of clocks', () => {
    const start = Date.parse('2026-01-01T00:00:00Z');
    fc.assert(
      fc.property(
        fc.constantFrom(...DAYS.map(([timezone]) => timezone)),
        fc.constantFrom('30 2 * * *', '0 */6 * * *', '0 0 L * *', '15 1,2 * * SUN', '0 23,0-3 * * *'),
        fc.integer({ min: 0, max: 300 * 24 }),
        fc.integer({ min: 0, max: 60 * 24 }),
        (timezone, cron, fromHour, hours) => {
          const schedule = readSchedule('test.job', { cron, timezone });
          const from = new Date(start + fromHour * HOUR_MS);
          const to = new Date(from.getTime() + hours * HOUR_MS);
          let walked = 0;
          for (let due = new Date(from.getTime() - 1); (due = nextDue(schedule, due)) <= to;) walked += 1;
          expect(countDues(schedule, from, to)).toBe(walked);
        },
      ),
      { numRuns: 50 },
    );
  });
});
