import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { JobNotKept, moveJobs, openJobDepot, openJobStore, type JobDepot } from '@inevitable/kit/host';
import { pino } from 'pino';
import type { JobDatabase } from '../../support/job-database.js';
import { jobRecord } from '../../support/job-records.js';
import { openMongoJobDatabase } from '../../support/mongo-job-database.js';
import { openPostgresJobDatabase } from '../../support/postgres-job-database.js';
import { describeJobMove } from './describe-job-move.js';

describeJobMove(
  'from PostgreSQL to MongoDB',
  async () => ({ one: await openPostgresJobDatabase(), other: await openMongoJobDatabase() }),
  { runs: 10 },
);
describeJobMove(
  'from MongoDB to PostgreSQL',
  async () => ({ one: await openMongoJobDatabase(), other: await openPostgresJobDatabase() }),
  { runs: 10 },
);

describe('A job that the other database cannot hold', () => {
  let databases: JobDatabase[];
  let [postgres, mongo]: JobDepot[] = [];
  beforeAll(async () => {
    databases = await Promise.all([openPostgresJobDatabase(), openMongoJobDatabase()]);
    [postgres, mongo] = await Promise.all(databases.map(({ url }) => openJobDepot(url)));
  });
  afterAll(async () => {
    await Promise.all([postgres!.close(), mongo!.close()]);
    await Promise.all(databases.map((database) => database.close()));
  });
  beforeEach(() => Promise.all(databases.map((database) => database.empty())));

  /** Two jobs, of which one becomes another; answers its id. */
  async function keep(depot: JobDepot, url: string, change: object): Promise<string> {
    const store = await openJobStore(url, pino({ level: 'silent' }));
    await store.insert([jobRecord({ name: 'notes.fine' }), jobRecord({ name: 'notes.odd' })]);
    await store.close();
    const odd = (await depot.jobsAfter(null, 2)).find(({ name }) => name === 'notes.odd')!;
    await depot.writeJobs([{ ...odd, ...change }]);
    return odd.id;
  }
  const move = async (source: JobDepot, target: JobDepot, id: string): Promise<string> => {
    const refused = await moveJobs(source, target, {
      keepMs: 365 * 86_400_000,
      waitMs: 0,
      told: () => undefined,
      pause: () => Promise.resolve(),
    }).catch((error: Error) => error);
    expect(refused).toBeInstanceOf(JobNotKept);
    expect([await source.size(), (await target.jobsAfter(null, 9)).length]).toEqual([2, 0]);
    expect(await Promise.all([source.mark(), target.mark()])).toEqual([null, null]); // it may run, so that it goes
    return (refused as Error).message.replace(id, 'ID');
  };

  it('is named, and all stay where they were: text that PostgreSQL refuses', async () => {
    const id = await keep(mongo!, databases[1]!.url, { payload: '{"a":"\\u0000"}' });
    expect(await move(mongo!, postgres!, id)).toMatch(
      /^Job ID \(notes\.odd\) cannot be kept in PostgreSQL at \S+: unsupported Unicode escape sequence\. Nothing was moved\./,
    );
  });

  it('is named, and all stay where they were: more than MongoDB has room for', async () => {
    const at = new Date('2026-11-22T00:00:00.000Z');
    const line = { at: at.toISOString(), level: 'info', message: 'x'.repeat(10_000) };
    const run = { fence: 1, attempt: 1, worker: 'w', startedAt: at, endedAt: at, outcome: 'failed', error: null };
    const id = await keep(postgres!, databases[0]!.url, { runs: [{ ...run, log: Array(1_700).fill(line) }] });
    expect(await move(postgres!, mongo!, id)).toMatch(
      /^Job ID \(notes\.odd\) cannot be kept in MongoDB at \S+: with its runs and their log it is larger than 16 MiB\./,
    );
  });
});
