import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import {
  ensureRoles,
  JOB_STORE_ROLES,
  JOB_STORE_SCHEMA,
  migrateJobStore,
  migrateSchema,
  openJobStorePool,
  openJobStore,
  roleUrl,
} from '@inevitable/kit/host';
import { createTestDatabase } from '@inevitable/kit/testing';
import pg from 'pg';
import { pino } from 'pino';
import { v7 } from 'uuid';
import { tenant } from '../../support/job-records.js';

const MIGRATIONS = join(process.cwd(), 'subgraphs/kit/jobs/migrations');
const FIRST = '20261121000000_job_store';

/** The store as it was when Agenda's own backend kept it. */
async function openOldStore() {
  const folder = await mkdtemp(join(tmpdir(), 'stack-migrations-'));
  const test = await createTestDatabase('empty', () => Promise.resolve());
  await ensureRoles(test.url, test.secret, JOB_STORE_SCHEMA, JOB_STORE_ROLES);
  await cp(join(MIGRATIONS, FIRST), join(folder, FIRST), { recursive: true });
  await migrateSchema(JOB_STORE_SCHEMA, pathToFileURL(`${folder}/`), test.url);
  await rm(folder, { recursive: true });
  const owner = new pg.Pool({ connectionString: test.url, max: 1 });
  owner.on('error', () => undefined); // ended, and yet told of the drop of its database
  return {
    url: test.url,
    runnerUrl: roleUrl(test.url, test.secret, JOB_STORE_SCHEMA, 'runner'),
    sql: async (text: string, ...values: readonly unknown[]) =>
      (await owner.query(text, [...values])).rows as Record<string, unknown>[],
    async close() {
      await owner.end();
      await test.drop();
    },
  };
}

describe('A job store of before', () => {
  it('goes on after the upgrade with what waited and ran, and keeps what had ended', async () => {
    const old = await openOldStore();
    const [waiting, later, retrying, running, succeeded, failed, ofNoTenant] = Array.from({ length: 7 }, () =>
      v7(),
    ) as [string, string, string, string, string, string, string];
    const data = (tenantId: string | null) => JSON.stringify({ tenantId, payload: { n: 1 }, correlationId: 'c' });
    const put = (id: string, columns: string, tenantId: string | null = tenant(1)) =>
      old.sql(
        `insert into jobs.agenda_jobs (id, name, data, next_run_at, locked_at, fail_count, fail_reason, failed_at, last_finished_at)
         select $1, 'test.job', $2, ${columns}`,
        id,
        data(tenantId),
      );
    await put(waiting, 'now(), null, null, null, null, null');
    await put(later, "now() + interval '1 hour', null, null, null, null, null");
    await put(retrying, "now() - interval '1 minute', null, 1, 'once', now(), now()");
    await put(running, 'null, now(), null, null, null, null');
    await put(succeeded, 'null, null, null, null, null, now()');
    await put(failed, "null, null, 3, 'for good', now(), now()");
    await put(ofNoTenant, 'now(), null, null, null, null, null', null);

    const applied = await migrateJobStore(old.url);
    expect(applied.length).toBeGreaterThan(0);
    expect(await migrateJobStore(old.url)).toEqual([]);
    const states = await old.sql('select id, state, tenant_id, payload, error, attempts from jobs.jobs order by id');
    const job = (id: string, state: string, rest: object = {}) => ({
      id,
      state,
      tenant_id: tenant(1),
      payload: { n: 1 },
      error: null,
      attempts: 0,
      ...rest,
    });
    expect(states).toEqual([
      job(waiting, 'ready'),
      job(later, 'scheduled'),
      job(retrying, 'ready'),
      job(running, 'ready'),
      job(succeeded, 'succeeded', { attempts: 1 }),
      job(failed, 'dead', { error: 'for good', attempts: 3 }),
      job(ofNoTenant, 'ready', { tenant_id: null }),
    ]);
    expect(await old.sql("select from pg_tables where tablename = 'agenda_jobs'")).toEqual([]);

    const store = await openJobStore(old.runnerUrl, pino({ level: 'silent' }));
    const wanted = [{ name: 'test.job', room: 10, perTenant: null, perProduct: null, share: null, afterTenant: null }];
    const claimed = await store.claim({ worker: 'new', leaseMs: 15_000, wanted });
    expect(claimed.map(({ id }) => id).toSorted()).toEqual([waiting, retrying, running, ofNoTenant]);
    // A record that the relay hands over once more, because it was not marked as sent before the upgrade.
    const again = {
      name: 'test.job',
      tenantId: tenant(1),
      payload: {},
      correlationId: 'c',
      trace: null,
      onceKey: null,
      priority: 0,
      runAt: null,
      after: [],
    };
    await store.insert([succeeded, waiting].map((id) => ({ id, ...again })));
    expect(await old.sql('select count(*)::int from jobs.jobs')).toEqual([{ count: 7 }]);
    await store.close();
    await old.close();
  });

  it('that was empty is as good as a new one', async () => {
    const old = await openOldStore();
    await migrateJobStore(old.url);
    const pool = openJobStorePool(old.runnerUrl);
    expect((await pool.query('select count(*)::int from jobs')).rows).toEqual([{ count: 0 }]);
    await pool.end();
    await old.close();
  });
});
