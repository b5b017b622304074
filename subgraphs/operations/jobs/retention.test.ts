import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { v7 } from 'uuid';
import { openTestOperations, type TestOperations } from '../testing/open-test-operations.js';
import { inBatches } from './retention.js';

let test: TestOperations;
beforeAll(async () => {
  test = await openTestOperations();
});
afterAll(() => test.close());

const DAY_MS = 86_400_000;
const daysAgo = (days: number): Date => new Date(Date.now() - days * DAY_MS);

async function jobOf(state: string, made: Date, ended: Date | null): Promise<string> {
  const id = v7({ msecs: made.getTime() });
  await test.rows(
    `insert into jobs.jobs (id, name, payload, correlation_id, priority, state, run_at, created_at, finished_at)
     values ($1, 'other.kept', '{}', 'c', 0, $2, $3, $3, $4)`,
    [id, state, made, ended],
  );
  return id;
}
const periodLastSeen = (part: string, since: Date, seen: Date) =>
  test.rows(
    'insert into operations.health_periods (id, part, ready, since, last_seen_at, checks, told) values ($1, $2, true, $3, $4, 1, true)',
    [v7({ msecs: since.getTime() }), part, since, seen],
  );
const hourOf = (name: string, hour: Date) =>
  test.rows(
    `insert into operations.job_hours (hour, name, succeeded, skipped, failed, postponed, interrupted, lost, cancelled, dead)
     values ($1, $2, 1, 0, 0, 0, 0, 0, 0, 0)`,
    [hour, name],
  );

describe('Retention', () => {
  it('removes only what is old: jobs 14 days after they ended, periods 90 after they did, hours after 400', async () => {
    const gone = await Promise.all(
      ['succeeded', 'dead', 'cancelled'].map((state) => jobOf(state, daysAgo(20), daysAgo(14.1))),
    );
    await test.rows(
      `insert into jobs.attempts (job_id, fence, attempt, worker, started_at, ended_at, outcome)
       values ($1, 1, 1, 'w', now(), now(), 'succeeded')`,
      [gone[0]],
    );
    const kept = await Promise.all([
      jobOf('succeeded', daysAgo(20), daysAgo(13.9)), // old, and ended lately
      jobOf('dead', daysAgo(13), daysAgo(13)),
      jobOf('blocked', daysAgo(20), null),
    ]);
    await periodLastSeen('over for long', daysAgo(200), daysAgo(91));
    await periodLastSeen('over since lately', daysAgo(200), daysAgo(89));
    await hourOf('other.long-ago', daysAgo(401));
    await hourOf('other.lately', daysAgo(399));

    const { state, log } = await test.run('operations.retention');
    expect({ state, log }).toEqual({
      state: 'succeeded',
      log: [
        'what was old enough was removed {"jobs":3,"healthPeriods":1,"jobHours":1,"operationHours":0,"operations":0,"traffic":0}',
      ],
    });
    const left = await test.rows<{ id: string }>("select id from jobs.jobs where name = 'other.kept' order by id");
    expect(left.map(({ id }) => id)).toEqual(kept.toSorted());
    expect(await test.rows('select from jobs.attempts where job_id = $1', [gone[0]])).toEqual([]);
    expect(await test.rows('select part from operations.health_periods')).toEqual([{ part: 'over since lately' }]);
    expect(await test.rows('select name from operations.job_hours')).toEqual([{ name: 'other.lately' }]);
  });

  it('removes any number of rows in batches of 5,000, and asks no more often than it must', () =>
    fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 26_000 }), async (rows) => {
        let left = rows;
        let asked = 0;
        const removed = await inBatches((most) => {
          const batch = Math.min(most, left);
          left -= batch;
          asked += 1;
          return Promise.resolve(batch);
        }, new AbortController().signal);
        expect({ removed, left, asked }).toEqual({ removed: rows, left: 0, asked: Math.floor(rows / 5_000) + 1 });
      }),
    ));

  it('stops between two batches when it is told to', async () => {
    const stopping = new AbortController();
    let batches = 0;
    const endless = inBatches((most) => {
      batches += 1;
      if (batches === 3) stopping.abort(new Error('The worker is stopping.'));
      return Promise.resolve(most);
    }, stopping.signal);
    await expect(endless).rejects.toThrow('The worker is stopping.');
    expect(batches).toBe(3);
  });
});
