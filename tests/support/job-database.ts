import { ensureRoles, JOB_STORE_ROLES, JOB_STORE_SCHEMA, migrateJobStore, roleUrl } from '@inevitable/kit/host';
import { createTestDatabase } from '@inevitable/kit/testing';
import pg from 'pg';

/** A job store of its own in the test cluster, and what a test may do behind its back. */
export interface JobDatabase {
  /** Of the runner's role. */
  readonly url: string;
  readonly readerUrl: string;
  /** As the cluster's superuser. */
  sql<Row extends object = Record<string, unknown>>(text: string, ...values: readonly unknown[]): Promise<Row[]>;
  /** Moves the store's clock, for every worker at once. */
  advance(by: { readonly seconds: number }): Promise<void>;
  /** As it was when it was made. */
  empty(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Where handlers leave their effects: outside of the store, and as an outside system would keep them. `effects` has one
 * row for each job, by its key; `guards` the highest fence that was seen of a job; `steps` everything in order.
 */
const LEDGER = `
  CREATE SCHEMA ledger;
  CREATE TABLE ledger.effects (job_id uuid PRIMARY KEY, fence bigint NOT NULL, pid integer NOT NULL);
  CREATE TABLE ledger.guards (job_id uuid PRIMARY KEY, fence bigint NOT NULL);
  CREATE TABLE ledger.steps (
    number bigint GENERATED ALWAYS AS IDENTITY, job_id uuid NOT NULL, name text NOT NULL, fence bigint NOT NULL,
    attempt integer NOT NULL, pid integer NOT NULL, step text NOT NULL, at timestamptz NOT NULL DEFAULT clock_timestamp());
  GRANT USAGE ON SCHEMA ledger TO jobs_runner;
  GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA ledger TO jobs_runner;`;

const TABLES = 'jobs, attempts, once_keys, turns, dependencies, definitions, schedules, firings, workers';

export async function openJobDatabase(): Promise<JobDatabase> {
  const test = await createTestDatabase('job store with a ledger', async (url) => {
    await ensureRoles(url, new URL(url).password, JOB_STORE_SCHEMA, JOB_STORE_ROLES);
    await migrateJobStore(url);
    await run(url, LEDGER);
  });
  const owner = new pg.Pool({ connectionString: test.url, max: 3 });
  owner.on('error', () => undefined); // ended, and yet told of the drop of its database
  const as = (role: 'runner' | 'reader') => roleUrl(test.url, test.secret, JOB_STORE_SCHEMA, role);
  const sql: JobDatabase['sql'] = async (text, ...values) => (await owner.query(text, [...values])).rows as never;
  return {
    url: as('runner'),
    readerUrl: as('reader'),
    sql,
    advance: async ({ seconds }) =>
      void (await sql('update jobs.clock set ahead = ahead + make_interval(secs => $1)', seconds)),
    async empty() {
      const tables = TABLES.split(', ').map((table) => `jobs.${table}`);
      await sql(`truncate ${tables.join(', ')}, ledger.effects, ledger.guards, ledger.steps`);
      await sql("update jobs.clock set ahead = '0'");
    },
    async close() {
      await owner.end();
      await test.drop();
    },
  };
}

async function run(url: string, statements: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statements);
  } finally {
    await client.end();
  }
}
