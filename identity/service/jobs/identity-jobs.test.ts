import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  ensureRoles,
  inProcessBus,
  JOB_STORE_ROLES,
  JOB_STORE_SCHEMA,
  migrateJobStore,
  roleUrl,
  startWorker,
  type Worker,
} from '@inevitable/kit/host';
import { createTestDatabase, type TestDatabase } from '@inevitable/kit/testing';
import pg from 'pg';
import { pino } from 'pino';
import { DEMO_PASSWORD, openTestIdentity, type TestIdentity } from '../testing/open-test-identity.js';

const ENDS_WITHIN_MS = 30_000;

let test: TestIdentity;
let jobs: TestDatabase;
let jobsOwner: pg.Pool;
let worker: Worker;
beforeAll(async () => {
  test = await openTestIdentity();
  jobs = await createTestDatabase('job store', async (url) => {
    await ensureRoles(url, new URL(url).password, JOB_STORE_SCHEMA, JOB_STORE_ROLES);
    await migrateJobStore(url);
  });
  jobsOwner = new pg.Pool({ connectionString: jobs.url, max: 1 });
  worker = await startWorker({
    products: [{ declaration: test.identity.subgraph, database: null, systemUrl: test.urlOf('system') }],
    jobStoreUrl: roleUrl(jobs.url, jobs.secret, JOB_STORE_SCHEMA, 'runner'),
    tenants: test.identity.ports.tenants,
    entitlements: test.identity.ports.entitlements,
    audit: test.identity.ports.audit,
    deployment: 'internal',
    events: inProcessBus(() => undefined),
    log: pino({ level: 'silent' }),
  });
  // The worker computes when each of them is due first.
  await until(async () => (await store('select from jobs.schedules where next_due is null')).length === 0);
});
afterAll(async () => {
  await worker.stop(5_000);
  await test.close();
  await jobsOwner.end();
  await jobs.drop();
});

const store = async (statement: string, values: unknown[] = []): Promise<Record<string, unknown>[]> =>
  (await jobsOwner.query<Record<string, unknown>>(statement, values)).rows;

async function until(isTrue: () => Promise<boolean>): Promise<void> {
  const giveUpAt = Date.now() + ENDS_WITHIN_MS;
  while (!(await isTrue())) if (Date.now() > giveUpAt) throw new Error(`Not within ${ENDS_WITHIN_MS} ms.`);
}

/** Moves the job store's clock on until the schedule is due; answers what the run of then logged. */
async function whenDue(name: string): Promise<unknown> {
  const [schedule] = await store(
    `update jobs.clock set ahead = ahead + (next_due - jobs.stack_now()) from jobs.schedules where name = $1 returning next_due`,
    [name],
  );
  await store("select pg_notify('jobs', '*')");
  const ended = () =>
    store(
      `select array(select line ->> 'message' from jobs.attempts a, jsonb_array_elements(a.log) line where a.job_id = j.id) as log
       from jobs.jobs j where name = $1 and run_at = $2 and state = 'succeeded'`,
      [name, schedule!['next_due']],
    );
  await until(async () => (await ended()).length === 1);
  return (await ended())[0]!['log'];
}

describe('Every hour', () => {
  it('core-identity removes what expired, and nothing that lives', async () => {
    const [left, stays] = await Promise.all(
      [1, 2].map(async () => (await test.post('/auth/login', { username: 'ada', password: DEMO_PASSWORD })).body),
    );
    await test.post('/auth/logout', { refreshToken: left!.refreshToken });
    await test.advance('21 minutes');
    expect(await whenDue('identity.remove-expired')).toEqual([
      'what expired was removed {"sessions":1,"refreshTokens":1,"revocations":1}',
    ]);
    expect(await test.rows('select from sessions')).toHaveLength(1);
    expect((await test.post('/auth/refresh', { refreshToken: stays!.refreshToken })).status).toBe(200);
  });
});

describe('Every five minutes', () => {
  it('core-identity gives back what overdue reservations hold', async () => {
    const tenantId = await test.tenantId('acme');
    await test.rows(
      `insert into plan_features (plan, feature, definition) select plan, 'swept', $2 from tenants where id = $1`,
      [tenantId, { kind: 'metered', limit: 10, per: 'month' }],
    );
    const reserve = (idempotencyKey: string) =>
      test.identity.ports.entitlements.reserve({ tenantId, feature: 'swept', amount: 1, idempotencyKey });
    expect(await reserve('overdue')).toMatchObject({ kind: 'reserved' });
    await test.advance('10 minutes');
    expect(await reserve('live')).toMatchObject({ kind: 'reserved' });
    await test.advance('6 minutes');
    expect(await whenDue('identity.sweep-reservations')).toEqual([
      'overdue reservations were released {"reservations":1}',
    ]);
    expect(await test.rows('select idempotency_key, state from reservations order by idempotency_key')).toEqual([
      { idempotency_key: 'live', state: 'reserved' },
      { idempotency_key: 'overdue', state: 'expired' },
    ]);
  });
});

describe('Every day', () => {
  it('core-identity rotates its signing keys, if the current one has signed for 30 days', async () => {
    await test.advance('30 days');
    expect(await whenDue('identity.rotate-keys')).toEqual([
      'signing keys were looked after {"rotated":true,"removed":0}',
    ]);
  });
});

describe('Every night', () => {
  it('core-identity compares balances with their ledger', async () => {
    expect(await whenDue('identity.recompute-balances')).toEqual([
      'balances were compared with their ledger {"repaired":0,"purged":0}',
    ]);
  });
});

describe('Every minute', () => {
  it('core-identity ends the tokens that state an override which has expired', async () => {
    await test.rows(
      `insert into feature_overrides (tenant_id, feature, version, definition, reason, expires_at)
       values ($1, 'starter.notes', 1, '{"kind": "metered", "limit": 1, "per": "day"}', 'a trial', stack_now())`,
      [await test.tenantId('acme')],
    );
    expect(await whenDue('identity.end-overrides')).toEqual(['expired overrides were ended {"overrides":1}']);
  });
});

describe("Core-identity's jobs", () => {
  it('are of no tenant, each on its schedule', async () => {
    expect(
      await store(
        `select d.name, cron, timezone, d.declared ->> 'scope' as scope from jobs.schedules s join jobs.definitions d using (name)
         where d.product = 'identity' order by d.name`,
      ),
    ).toEqual([
      { name: 'identity.end-overrides', cron: '* * * * *', timezone: 'UTC', scope: 'once' },
      { name: 'identity.purge-outbox', cron: '42 * * * *', timezone: 'UTC', scope: 'once' },
      { name: 'identity.recompute-balances', cron: '33 3 * * *', timezone: 'UTC', scope: 'once' },
      { name: 'identity.remove-expired', cron: '17 * * * *', timezone: 'UTC', scope: 'once' },
      { name: 'identity.rotate-keys', cron: '23 4 * * *', timezone: 'UTC', scope: 'once' },
      { name: 'identity.sweep-reservations', cron: '*/5 * * * *', timezone: 'UTC', scope: 'once' },
      { name: 'identity.tenant-data', cron: '* * * * *', timezone: 'UTC', scope: 'once' },
    ]);
  });
});
