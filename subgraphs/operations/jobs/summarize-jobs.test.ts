import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { defineJob, skipped, type JobDefinition } from '@inevitable/kit';
import fc from 'fast-check';
import { v7 } from 'uuid';
import { z } from 'zod';
import { openTestOperations, type TestOperations } from '../testing/open-test-operations.js';
import { hourBefore } from './summarize-jobs.js';

const HOUR_MS = 3_600_000;
/** One for the whole file: an hour may end while it runs. */
const NOW = new Date();
const AT_ONCE = { attempts: 2, backoff: 'fixed', firstMs: 1 } as const;
const job = (name: string, run: JobDefinition['run']) =>
  defineJob({ name, payload: z.object({}), retry: AT_ONCE, run });
const others = [
  job('other.works', () => Promise.resolve()),
  job('other.idles', () => Promise.resolve(skipped('nothing to do'))),
  job('other.recovers', ({ attempt }) => (attempt === 1 ? Promise.reject(new Error('not yet')) : Promise.resolve())),
  job('other.fails', () => Promise.reject(new Error('never'))),
];

let test: TestOperations;
beforeAll(async () => {
  test = await openTestOperations({ others });
});
afterAll(() => test.close());
beforeEach(async () => {
  await test.rows('truncate operations.job_hours');
  await test.rows('truncate jobs.jobs cascade');
});

const none = { succeeded: 0, skipped: 0, failed: 0, postponed: 0, interrupted: 0, lost: 0, cancelled: 0, dead: 0 };
const summarize = (due = NOW) => test.run('operations.summarize-jobs', due);
type HourRow = Readonly<Record<'hour' | 'longest_ms', unknown>>;
const hours = async () =>
  (await test.rows('select * from operations.job_hours order by hour, name')) as readonly HourRow[];
/** Within the hour that a run of now summarizes. */
const lastHour = (minute: number): Date => new Date(hourBefore(NOW).getTime() + minute * 60_000);

interface Run {
  readonly outcome: string;
  readonly attempt: number;
  readonly ended: Date;
  readonly tookMs: number;
  /** Between when it might run and its first run. */
  readonly delayMs?: number;
}

/** A job as the runner leaves it, with its runs. */
async function jobWith(name: string, state: string, ...runs: readonly Run[]): Promise<string> {
  const id = v7();
  const first = runs[0];
  const begun = ({ ended, tookMs }: Run) => new Date(ended.getTime() - tookMs);
  const runAt = first ? new Date(begun(first).getTime() - (first.delayMs ?? 0)) : new Date();
  await test.rows(
    `insert into jobs.jobs (id, name, payload, correlation_id, priority, state, run_at, created_at, finished_at, fence, wake_at)
     values ($1, $2, '{}', 'c', 0, $3, $4, $4, $5, $6, $7)`,
    [
      id,
      name,
      state,
      runAt,
      state === 'running' ? null : (runs.at(-1)?.ended ?? null),
      runs.length,
      state === 'running' ? new Date(Date.now() + 60_000) : null,
    ],
  );
  for (const [index, run] of runs.entries()) {
    await test.rows(
      `insert into jobs.attempts (job_id, fence, attempt, worker, started_at, ended_at, outcome)
       values ($1, $2, $3, 'w', $4, $5, $6)`,
      [id, index + 1, run.attempt, begun(run), run.ended, run.outcome],
    );
  }
  return id;
}

describe('The hour', () => {
  it('that is summarized is the last one that had ended when the run was due', () =>
    fc.assert(
      fc.property(fc.date({ min: new Date(HOUR_MS), max: new Date(4e12), noInvalidDate: true }), (due) => {
        const hour = hourBefore(due).getTime();
        expect(hour % HOUR_MS).toBe(0);
        expect(due.getTime() - hour).toBeGreaterThanOrEqual(HOUR_MS);
        expect(due.getTime() - hour).toBeLessThan(2 * HOUR_MS);
      }),
    ));
});

describe('Summaries of jobs', () => {
  it('equal what the runs of real jobs left behind', async () => {
    // Half past, and so well within one hour.
    await test.rows("update jobs.clock set ahead = date_trunc('hour', now()) + interval '90 minutes' - now()");
    for (const name of ['other.works', 'other.works', 'other.idles', 'other.recovers', 'other.fails'])
      await test.run(name);
    const [{ hour }] = (await test.rows<{ hour: Date }>("select date_trunc('hour', jobs.stack_now()) as hour")) as [
      { hour: Date },
    ];
    const summaries = await test.runs.summarize(hour, new Date(hour.getTime() + HOUR_MS));
    await test.rows("update jobs.clock set ahead = '0'");
    const counted = summaries.map(({ averageMs, longestMs, longestDelayMs, ...rest }) => {
      expect(longestMs).toBeGreaterThanOrEqual(averageMs!);
      expect(longestDelayMs).toBeGreaterThanOrEqual(0);
      return rest;
    });
    expect(counted).toEqual([
      { ...none, name: 'other.fails', failed: 2, dead: 1 },
      { ...none, name: 'other.idles', skipped: 1 },
      { ...none, name: 'other.recovers', succeeded: 1, failed: 1 },
      { ...none, name: 'other.works', succeeded: 2 },
    ]);
  });

  it('have durations and delays in milliseconds, of runs that ended within the hour and no others', async () => {
    const run = (minute: number, tookMs: number, delayMs = 0): Run => ({
      outcome: 'succeeded',
      attempt: 1,
      ended: lastHour(minute),
      tookMs,
      delayMs,
    });
    await jobWith('other.a', 'succeeded', run(0, 100, 5));
    await jobWith('other.a', 'succeeded', run(59, 300, 70));
    await jobWith('other.a', 'succeeded', run(-1, 9_000, 9_000));
    await jobWith('other.a', 'succeeded', run(60, 9_000, 9_000));
    // A second run comes after the delay of its retry, which is none of the start.
    await jobWith(
      'other.b',
      'dead',
      { outcome: 'failed', attempt: 1, ended: lastHour(10), tookMs: 10, delayMs: 20 },
      { outcome: 'failed', attempt: 2, ended: lastHour(20), tookMs: 30 },
    );
    // Its run is under way: it wrote a log, and has not ended.
    await jobWith('other.c', 'running', { outcome: 'lost', attempt: 1, ended: lastHour(30), tookMs: 10 });
    expect(await summarize()).toMatchObject({ state: 'succeeded' });
    const hour = lastHour(0);
    expect(await hours()).toEqual([
      { ...none, hour, name: 'other.a', succeeded: 2, average_ms: 200, longest_ms: 300, longest_delay_ms: 70 },
      { ...none, hour, name: 'other.b', failed: 2, dead: 1, average_ms: 20, longest_ms: 30, longest_delay_ms: 20 },
    ]);
  });

  it('are the same when the hour is summarized again, and follow what is known by then', async () => {
    const run: Run = { outcome: 'succeeded', attempt: 1, ended: lastHour(10), tookMs: 100 };
    await jobWith('other.a', 'succeeded', run);
    await summarize();
    const first = await hours();
    await summarize();
    expect(await hours()).toEqual(first);
    await jobWith('other.a', 'succeeded', { ...run, tookMs: 300 });
    await summarize();
    expect(await hours()).toMatchObject([{ name: 'other.a', succeeded: 2, longest_ms: 300 }]);
  });

  it('are made up for up to a day, each due time for the hour before it', async () => {
    const dueHoursAgo = (ago: number) => new Date(NOW.getTime() - ago * HOUR_MS);
    for (const ago of [3, 23, 25]) {
      const ended = new Date(hourBefore(dueHoursAgo(ago)).getTime() + 60_000);
      await jobWith('other.a', 'succeeded', { outcome: 'succeeded', attempt: 1, ended, tookMs: ago });
    }
    expect(await summarize(dueHoursAgo(25))).toMatchObject({
      state: 'succeeded',
      note: 'it was due more than a day ago',
    });
    await summarize(dueHoursAgo(23));
    await summarize(dueHoursAgo(3));
    expect((await hours()).map(({ hour, longest_ms }) => ({ hour, longest_ms }))).toEqual(
      [23, 3].map((ago) => ({ hour: hourBefore(dueHoursAgo(ago)), longest_ms: ago })),
    );
  });
});
