import { createTestDatabase } from '@inevitable/kit/testing';
import pg from 'pg';

/** Where handlers leave their effects: in PostgreSQL, as an outside system, whatever jobs are kept in. */
export interface JobLedger {
  readonly url: string;
  sql<Row extends object = Record<string, unknown>>(text: string, ...values: readonly unknown[]): Promise<Row[]>;
  empty(): Promise<void>;
  close(): Promise<void>;
}

/**
 * `effects` has one row for each job, by its key; `guards` the highest fence that was seen of a job; `steps` everything
 * in order.
 */
export const LEDGER = `
  CREATE SCHEMA ledger;
  CREATE TABLE ledger.effects (job_id uuid PRIMARY KEY, fence bigint NOT NULL, pid integer NOT NULL);
  CREATE TABLE ledger.guards (job_id uuid PRIMARY KEY, fence bigint NOT NULL);
  CREATE TABLE ledger.steps (
    number bigint GENERATED ALWAYS AS IDENTITY, job_id uuid NOT NULL, name text NOT NULL, fence bigint NOT NULL,
    attempt integer NOT NULL, pid integer NOT NULL, step text NOT NULL, at timestamptz NOT NULL DEFAULT clock_timestamp());`;

/** `url`: of whom handlers are; `owner`: of that database. */
export const ledgerOn = (url: string, owner: pg.Pool): Omit<JobLedger, 'close'> => ({
  url,
  sql: async (text, ...values) => (await owner.query(text, [...values])).rows as never,
  empty: async () => void (await owner.query('truncate ledger.effects, ledger.guards, ledger.steps')),
});

/** In a database of its own. */
export async function openJobLedger(): Promise<JobLedger> {
  const test = await createTestDatabase('a ledger', async (url) => {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    try {
      await client.query(LEDGER);
    } finally {
      await client.end();
    }
  });
  const owner = new pg.Pool({ connectionString: test.url, max: 3 });
  owner.on('error', () => undefined); // ended, and yet told of the drop of its database
  return {
    ...ledgerOn(test.url, owner),
    async close() {
      await owner.end();
      await test.drop();
    },
  };
}
