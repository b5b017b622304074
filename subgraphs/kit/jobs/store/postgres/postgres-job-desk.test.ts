import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { pino } from 'pino';
import { ensureRoles, JOB_STORE_ROLES, roleUrl } from '../../../database/index.js';
import { createTestDatabase, type TestDatabase } from '../../../testing/test-database.js';
import { until } from '../../../testing/until.js';
import type { JobDesk } from '../job-desk.js';
import { postgresJobDesk } from './postgres-job-desk.js';
import { JOB_STORE_SCHEMA, migrateJobStore, openJobStorePool, postgresJobStore } from './postgres-job-store.js';

// What every storage promises is in tests/contracts/job-desk.

const log = pino({ level: 'silent' });
const ACME = '00000000-0000-8000-8000-00000000acc0';

let test: TestDatabase;
let owner: pg.Pool;
let desk: JobDesk;
const urlOf = (role: 'runner' | 'reader') => roleUrl(test.url, test.secret, JOB_STORE_SCHEMA, role);

beforeAll(async () => {
  test = await createTestDatabase('job desk', async (url) => {
    await ensureRoles(url, new URL(url).password, JOB_STORE_SCHEMA, JOB_STORE_ROLES);
    await migrateJobStore(url);
  });
  owner = new pg.Pool({ connectionString: test.url, max: 1 });
  owner.on('error', () => undefined); // ended, and yet the server may drop the database before it reads the goodbye
  desk = postgresJobDesk(urlOf('reader'), log);
});
afterAll(async () => {
  await desk.close();
  await owner.end();
  await test.drop();
});
beforeEach(() => owner.query('truncate jobs.jobs cascade'));

/** In order of age. */
const idOf = (number: number): string => `01890000-0000-7000-8000-${number.toString(16).padStart(12, '0')}`;

describe('The desk', () => {
  it('has one connection that listens while somebody watches, and none otherwise', async () => {
    const listening = async (): Promise<number> =>
      (
        await owner.query(
          "select from pg_stat_activity where datname = current_database() and application_name = 'stack:listen:changes-of-jobs'",
        )
      ).rowCount!;
    expect(await listening()).toBe(0);
    const leaving = new AbortController();
    const first = await desk.watch({ kind: 'all' }, { signal: leaving.signal });
    await desk.watch({ kind: 'tenant', tenantId: ACME, products: ['alpha'] }, { signal: leaving.signal });
    expect(await listening()).toBe(1);
    await first.return!();
    expect(await listening()).toBe(1);
    leaving.abort();
    await until('nobody listens', async () => (await listening()) === 0);
  });
});

describe('Somebody who steers, and whose process is frozen in the middle', () => {
  it('holds up neither the claims of other jobs, nor for long the one it steers', async () => {
    const [steered, other] = [idOf(1), idOf(2)];
    await owner.query(
      `insert into jobs.jobs (id, name, tenant_id, state, payload, correlation_id, priority, run_at, created_at)
       select id, 'alpha.echo', $2, 'ready', '{}', 'c', 0, now(), now() from unnest($1::uuid[]) id`,
      [[steered, other], ACME],
    );
    const frozen = new pg.Client({ connectionString: urlOf('reader'), options: '-c search_path=jobs' });
    await frozen.connect();
    await frozen.query("begin; set local stack.all_tenants = 'yes'");
    await frozen.query('select cancel_job($1)', [steered]);
    const store = postgresJobStore(urlOf('runner'), log);
    try {
      const wanted = [
        { name: 'alpha.echo', room: 5, perTenant: null, perProduct: null, share: null, afterTenant: null },
      ];
      const claimed = await store.claim({ worker: 'one', leaseMs: 15_000, wanted });
      expect(claimed.map(({ id }) => id)).toEqual([other]);
    } finally {
      await store.close();
      await frozen.end();
    }
    // The desk's own sessions are ended by the server when they wait inside a transaction.
    expect(await sessionSetting('idle_in_transaction_session_timeout')).toBe('5s');
    expect(await sessionSetting('statement_timeout')).toBe('8s');
  });

  async function sessionSetting(name: string): Promise<string> {
    const pool = openJobStorePool(urlOf('reader'));
    try {
      return (await pool.query<Record<string, string>>(`show ${name}`)).rows[0]![name]!;
    } finally {
      await pool.end();
    }
  }
});

describe('The store', () => {
  it('is closed to every other login of its database: no table, no function, no name of the channel that tells of jobs', async () => {
    const { rows } = await owner.query<{ open: string }>(
      `select 'schema' as open where has_schema_privilege('public', 'jobs', 'USAGE')
       union all select c.relname from pg_class c
         where c.relnamespace = 'jobs'::regnamespace and c.relkind in ('r', 'S')
           and has_table_privilege('public', c.oid, 'SELECT, INSERT, UPDATE, DELETE')
       union all select p.proname from pg_proc p
         where p.pronamespace = 'jobs'::regnamespace and has_function_privilege('public', p.oid, 'EXECUTE')`,
    );
    expect(rows).toEqual([]);
    const { rows: named } = await owner.query<{ name: string }>('select name from jobs.change_channel');
    expect(named).toEqual([{ name: expect.stringMatching(/^job_changes_[\da-f]{32}$/) }]);
  });
});
