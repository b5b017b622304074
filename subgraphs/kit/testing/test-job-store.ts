import type pg from 'pg';
import { checkMongoJobs } from '../jobs/store/open-job-storage.js';
import { JOB_STORE_SCHEMA } from '../jobs/store/postgres/postgres-job-store.js';
import { createTestMongoDatabase } from './test-mongo-database.js';

/** Where a tested product's jobs are kept. */
export interface TestJobStore {
  readonly runnerUrl: string;
  readonly readerUrl: string;
  /** Its clock; its workers look at once, and not at their next poll. */
  advance(by: { readonly seconds: number }): Promise<void>;
  /** Whether a job of that name has not ended. */
  hasOpen(name: string): Promise<boolean>;
  /** It is gone then. */
  close(): Promise<void>;
}

/** Beside the product's rows. `owner`: the database's owner. */
export const postgresTestJobStore = (
  owner: pg.Pool,
  { runnerUrl, readerUrl }: Pick<TestJobStore, 'runnerUrl' | 'readerUrl'>,
): TestJobStore => ({
  runnerUrl,
  readerUrl,
  async advance({ seconds }) {
    await owner.query(`update ${JOB_STORE_SCHEMA}.clock set ahead = ahead + make_interval(secs => $1)`, [seconds]);
    await owner.query("select pg_notify('jobs', '*')");
  },
  async hasOpen(name) {
    const found = await owner.query(
      `select from ${JOB_STORE_SCHEMA}.jobs where name = $1 and state in ('blocked', 'scheduled', 'ready', 'running') limit 1`,
      [name],
    );
    return found.rowCount === 1;
  },
  close: () => Promise.resolve(),
});

/** In a database of its own on the MongoDB of this test run, or on that of `server`. */
export async function mongoTestJobStore(server?: string): Promise<TestJobStore> {
  const test = createTestMongoDatabase(server);
  await checkMongoJobs(test.url);
  const { openMongoJobs } = await import('../jobs/store/mongo/mongo-jobs-database.js');
  const db = openMongoJobs(test.url);
  return {
    runnerUrl: test.url,
    readerUrl: test.url,
    async advance({ seconds }) {
      await db.clock.updateOne({ _id: 'clock' }, { $inc: { aheadMs: seconds * 1_000 } }, { upsert: true });
      await db.wakes.insertOne({ names: null });
    },
    async hasOpen(name) {
      const open = ['arriving', 'blocked', 'scheduled', 'ready', 'running'] as const;
      return (await db.jobs.findOne({ name, state: { $in: [...open] } }, { projection: { _id: 1 } })) !== null;
    },
    async close() {
      await db.close();
      await test.drop();
    },
  };
}
