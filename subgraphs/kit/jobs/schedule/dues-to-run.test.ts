import { describe, expect, it } from '@jest/globals';
import { duesToRun, MOST_CAUGHT_UP } from './dues-to-run.js';
import { readSchedule, type JobSchedule } from './job-schedule.js';

const decide = (schedule: JobSchedule, due: string, now: string) =>
  duesToRun(readSchedule('test.job', schedule), new Date(due), new Date(now));

const hourly = (catchUp: 'none' | 'last' | 'all') => ({ cron: '0 * * * *', catchUp });
const everyHalfMinute = (catchUp: 'none' | 'last' | 'all') => ({ cron: '*/30 * * * * *', catchUp });

describe('A due time that is seen in time', () => {
  it.each(['none', 'last', 'all'] as const)('runs, up to a minute late (catch up: %s)', (catchUp) => {
    const due = new Date('2026-01-01T05:00:00Z');
    const ran = { run: [due], missed: 0, next: new Date('2026-01-01T06:00:00Z') };
    expect(decide(hourly(catchUp), '2026-01-01T05:00:00Z', '2026-01-01T05:00:00Z')).toEqual(ran);
    expect(decide(hourly(catchUp), '2026-01-01T05:00:00Z', '2026-01-01T05:01:00Z')).toEqual(ran);
  });

  it.each(['none', 'last', 'all'] as const)('runs nothing before it has come (catch up: %s)', (catchUp) => {
    const due = new Date('2026-01-01T05:00:00Z');
    const nothing = { run: [], missed: 0, next: due };
    expect(decide(hourly(catchUp), '2026-01-01T05:00:00Z', '2026-01-01T04:59:59.999Z')).toEqual(nothing);
  });
});

describe('After a downtime', () => {
  it('nothing of what was missed runs with "none"', () => {
    expect(decide(hourly('none'), '2026-01-01T05:00:00Z', '2026-01-01T08:01:00.001Z')).toEqual({
      run: [],
      missed: 4,
      next: new Date('2026-01-01T09:00:00Z'),
    });
  });

  it('the latest runs with "none" if it is on time', () => {
    expect(decide(hourly('none'), '2026-01-01T05:00:00Z', '2026-01-01T08:00:59Z')).toEqual({
      run: [new Date('2026-01-01T08:00:00Z')],
      missed: 3,
      next: new Date('2026-01-01T09:00:00Z'),
    });
  });

  it('the latest runs once with "last", however late', () => {
    expect(decide(hourly('last'), '2026-01-01T05:00:00Z', '2026-01-01T08:59:59Z')).toEqual({
      run: [new Date('2026-01-01T08:00:00Z')],
      missed: 3,
      next: new Date('2026-01-01T09:00:00Z'),
    });
  });

  it('every one runs with "all", oldest first', () => {
    expect(decide(hourly('all'), '2026-01-01T05:00:00Z', '2026-01-01T08:30:00Z')).toEqual({
      run: ['05', '06', '07', '08'].map((hour) => new Date(`2026-01-01T${hour}:00:00Z`)),
      missed: 0,
      next: new Date('2026-01-01T09:00:00Z'),
    });
  });

  it('a due time that clocks skipped meanwhile is caught up on, and one they showed twice counts once', () => {
    const nightly = { cron: '30 2 * * *', timezone: 'Europe/Berlin', catchUp: 'all' } as const;
    expect(decide(nightly, '2026-03-28T01:30:00Z', '2026-03-30T12:00:00Z')).toEqual({
      run: ['2026-03-28T01:30:00Z', '2026-03-29T01:00:00Z', '2026-03-30T00:30:00Z'].map((due) => new Date(due)),
      missed: 0,
      next: new Date('2026-03-31T00:30:00Z'),
    });
    expect(decide(nightly, '2026-10-25T00:30:00Z', '2026-10-25T12:00:00Z')).toEqual({
      run: [new Date('2026-10-25T00:30:00Z')],
      missed: 0,
      next: new Date('2026-10-26T01:30:00Z'),
    });
  });

  it('of a year of every 30 seconds, as few run as with any other, and the rest is counted', () => {
    const [due, now] = ['2026-01-01T00:00:00Z', '2027-01-01T00:00:00Z'];
    const next = new Date('2027-01-01T00:00:30Z');
    const came = 365 * 2_880 + 1;
    expect(decide(everyHalfMinute('none'), due, now)).toEqual({ run: [new Date(now)], missed: came - 1, next });
    expect(decide(everyHalfMinute('last'), due, now)).toEqual({ run: [new Date(now)], missed: came - 1, next });
    const all = decide(everyHalfMinute('all'), due, now);
    expect(all).toEqual({
      run: Array.from({ length: MOST_CAUGHT_UP }, (_, index) => {
        const before = (MOST_CAUGHT_UP - 1 - index) * 30_000;
        return new Date(Date.parse(now) - before);
      }),
      missed: came - MOST_CAUGHT_UP,
      next,
    });
  });

  it('exactly as many as may be caught up on leave none out, and one more leaves out the oldest', () => {
    const now = '2026-01-01T12:00:10Z';
    const oldest = (count: number) => new Date(Date.parse('2026-01-01T12:00:00Z') - (count - 1) * 30_000).toISOString();
    const all = decide(everyHalfMinute('all'), oldest(MOST_CAUGHT_UP), now);
    expect([all.run.length, all.missed]).toEqual([MOST_CAUGHT_UP, 0]);
    expect(decide(everyHalfMinute('all'), oldest(MOST_CAUGHT_UP + 1), now)).toEqual({ ...all, missed: 1 });
  });
});

describe('A decision about due times', () => {
  it('is the same for every scheduler that asks the same', () => {
    const schedule = { cron: '*/7 1-3 * * *', timezone: 'America/New_York', catchUp: 'all' } as const;
    const ask = () => decide(schedule, '2026-03-07T06:00:00Z', '2026-03-09T12:00:00Z');
    expect(ask()).toEqual(ask());
  });

  it('goes on where the last one ended: asked often or once, the same due times run', () => {
    const schedule = { cron: '*/20 0-3,23 * * *', timezone: 'Africa/Cairo', catchUp: 'all' } as const;
    const [first, end] = ['2026-10-28T21:00:00Z', '2026-10-31T00:00:00Z'];
    const often: Date[] = [];
    let due = new Date(first);
    for (let now = Date.parse(first); now <= Date.parse(end); now += 5 * 60_000) {
      const decision = decide(schedule, due.toISOString(), new Date(now).toISOString());
      often.push(...decision.run);
      due = decision.next;
    }
    expect({ run: often, missed: 0, next: due }).toEqual(decide(schedule, first, end));
  });

  it('leaves alone a due time the schedule no longer has', () => {
    expect(decide(hourly('last'), '2026-01-01T05:30:00Z', '2026-01-01T05:40:00Z')).toEqual({
      run: [],
      missed: 0,
      next: new Date('2026-01-01T06:00:00Z'),
    });
  });
});
