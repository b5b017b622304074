import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import pg from 'pg';
import { pino } from 'pino';
import { ensureRoles, JOB_STORE_ROLES, roleUrl } from '../../database/index.js';
import { createTestDatabase, type TestDatabase } from '../../testing/test-database.js';
import { openJobDesk, type JobDesk } from './job-desk.js';
import type { JobFilter } from './job-desk-pages.js';
import { JOB_STATES, type JobState } from './job-desk-rows.js';
import type { JobScope } from './job-desk-scope.js';
import { JOB_STORE_SCHEMA, migrateJobStore, openJobStorePool, postgresJobStore } from './postgres-job-store.js';

const log = pino({ level: 'silent' });
const ACME = '00000000-0000-8000-8000-00000000acc0';
const GLOBEX = '00000000-0000-8000-8000-0000000061b0';
const ALL: JobScope = { kind: 'all' };
const NAMES = ['alpha.echo', 'alpha.nightly', 'alphabet.echo', 'beta.echo'];

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
  desk = openJobDesk(urlOf('reader'), log);
});
afterAll(async () => {
  await desk.close();
  await owner.end();
  await test.drop();
});
beforeEach(() => owner.query('truncate jobs.jobs, jobs.once_keys, jobs.workers, jobs.definitions cascade'));

interface Row {
  readonly id: string;
  readonly name: string;
  readonly tenantId: string | null;
  readonly state: JobState;
  readonly schedule: string | null;
}

const idOf = (number: number): string => `01890000-0000-7000-8000-${number.toString(16).padStart(12, '0')}`;

async function write(rows: readonly Row[]): Promise<void> {
  await owner.query('truncate jobs.jobs cascade');
  await owner.query(
    `insert into jobs.jobs (id, name, tenant_id, state, schedule, payload, correlation_id, priority, run_at, created_at, started_at,
       finished_at, fence, worker)
     select id, name, "tenantId", state, schedule, '{}', 'c', 0, now(), now(), now(), now(), 1, 'worker'
     from jsonb_to_recordset($1) as r (id uuid, name text, "tenantId" uuid, state text, schedule text)`,
    [JSON.stringify(rows)],
  );
}

const someRows = fc
  .array(
    fc.record({
      name: fc.constantFrom(...NAMES),
      tenantId: fc.constantFrom(ACME, GLOBEX, null),
      state: fc.constantFrom(...JOB_STATES),
      isScheduled: fc.boolean(),
    }),
    { maxLength: 40 },
  )
  .map((rows) =>
    rows.map(({ isScheduled, ...row }, at): Row => ({ ...row, id: idOf(at), schedule: isScheduled ? row.name : null })),
  );
const someFilter: fc.Arbitrary<JobFilter> = fc.record(
  {
    states: fc.subarray([...JOB_STATES]),
    product: fc.constantFrom('alpha', 'beta', 'gamma'),
    name: fc.constantFrom(...NAMES, 'alpha.unknown'),
    tenantId: fc.constantFrom(ACME, GLOBEX),
    schedule: fc.constantFrom(...NAMES),
  },
  { requiredKeys: [] },
);
const someScope: fc.Arbitrary<JobScope> = fc.oneof(
  fc.constant(ALL),
  fc.record({
    kind: fc.constant('tenant' as const),
    tenantId: fc.constantFrom(ACME, GLOBEX),
    products: fc.subarray(['alpha', 'beta', 'gamma']),
  }),
);

const productOf = ({ name }: Pick<Row, 'name'>): string => name.split('.')[0]!;
const isSeen = (scope: JobScope, row: Row): boolean =>
  scope.kind === 'all' || (row.tenantId === scope.tenantId && scope.products.includes(productOf(row)));
const fits = ({ states, product, name, tenantId, schedule }: JobFilter, row: Row): boolean =>
  (!states || states.includes(row.state)) &&
  (product === undefined || productOf(row) === product) &&
  (name === undefined || row.name === name) &&
  (tenantId === undefined || row.tenantId === tenantId) &&
  (schedule === undefined || row.schedule === schedule);

async function everyPage(scope: JobScope, filter: JobFilter, take: number): Promise<string[]> {
  const ids: string[] = [];
  for (;;) {
    const page = await desk.jobs(scope, filter, { take, afterId: ids.at(-1) ?? null });
    ids.push(...page.map(({ id }) => id));
    if (page.length < take) return ids;
  }
}

describe('The desk', () => {
  it('pages through what a scope sees and a filter takes, each job once, newest first', async () => {
    await fc.assert(
      fc.asyncProperty(
        someRows,
        someFilter,
        someScope,
        fc.integer({ min: 1, max: 9 }),
        async (rows, filter, scope, take) => {
          await write(rows);
          const expected = rows.filter((row) => isSeen(scope, row) && fits(filter, row)).map(({ id }) => id);
          expect(await everyPage(scope, filter, take)).toEqual(expected.reverse());
        },
      ),
      { numRuns: 100 },
    );
  });

  it('opens, retries and cancels what its scope sees, and answers for everything else as for what does not exist', async () => {
    await fc.assert(
      fc.asyncProperty(someRows, someScope, async (rows, scope) => {
        await write(rows);
        for (const row of rows) {
          const seen = isSeen(scope, row);
          expect((await desk.job(scope, row.id))?.id ?? null).toBe(seen ? row.id : null);
          const isEnded = ['dead', 'cancelled', 'succeeded'].includes(row.state);
          expect(await desk.cancel(scope, row.id)).toBe(!seen ? 'not found' : isEnded ? 'ended' : 'cancelled');
          expect(await desk.retry(scope, row.id)).toBe(
            !seen ? 'not found' : row.state === 'succeeded' ? 'not ended' : 'retried',
          );
          const { rows: after } = await owner.query('select state from jobs.jobs where id = $1', [row.id]);
          expect(after).toEqual([{ state: !seen || row.state === 'succeeded' ? row.state : 'ready' }]);
        }
      }),
      { numRuns: 25 },
    );
  });

  it('runs the dead jobs of a name again, of its scope alone', async () => {
    const rows = [ACME, GLOBEX, null].flatMap((tenantId, tenant) =>
      ['alpha.echo', 'beta.echo'].map((name, at): Row => ({
        id: idOf(tenant * 2 + at),
        name,
        tenantId,
        state: 'dead',
        schedule: null,
      })),
    );
    await write(rows);
    expect(await desk.retryDead({ kind: 'tenant', tenantId: ACME, products: ['beta'] }, 'alpha.echo')).toBe(0);
    expect(await desk.retryDead({ kind: 'tenant', tenantId: ACME, products: ['alpha'] }, 'alpha.echo')).toBe(1);
    expect(await everyPage(ALL, { states: ['ready'] }, 10)).toEqual([idOf(0)]);
    expect(await desk.retryDead(ALL, 'alpha.echo')).toBe(2);
    expect(await everyPage(ALL, { states: ['dead'] }, 10)).toEqual([idOf(5), idOf(3), idOf(1)]);
  });

  it('runs more dead jobs again than fit into one transaction, up to ten thousand', async () => {
    await owner.query(
      `insert into jobs.jobs (id, name, state, payload, correlation_id, priority, run_at, created_at)
       select gen_random_uuid(), 'alpha.echo', 'dead', '{}', 'c', 0, now(), now() from generate_series(1, 10500)`,
    );
    expect(await desk.retryDead(ALL, 'alpha.echo')).toBe(10_000);
    expect(await desk.retryDead(ALL, 'alpha.echo')).toBe(500);
    expect(await desk.retryDead(ALL, 'alpha.echo')).toBe(0);
  });

  it('lets a job that is retried wait for what it was to run after, but for what was given up', async () => {
    const states = { waited: 'dead', waiting: 'dead', alone: 'dead', given: 'cancelled' } as const;
    const ids = Object.fromEntries(Object.keys(states).map((name, at) => [name, idOf(at)]));
    await write(
      Object.entries(states).map(([name, state]) => ({
        id: ids[name]!,
        name: 'alpha.echo',
        tenantId: ACME,
        state,
        schedule: null,
      })),
    );
    await owner.query('insert into jobs.dependencies (job_id, waits_for) values ($1, $2), ($3, $4)', [
      ids['waiting'],
      ids['waited'],
      ids['alone'],
      ids['given'],
    ]);
    for (const name of ['waited', 'waiting', 'alone']) expect(await desk.retry(ALL, ids[name]!)).toBe('retried');
    const { rows } = await owner.query('select id, state from jobs.jobs order by id');
    expect(rows).toEqual([
      { id: ids['waited'], state: 'ready' },
      { id: ids['waiting'], state: 'blocked' },
      { id: ids['alone'], state: 'ready' },
      { id: ids['given'], state: 'cancelled' },
    ]);
  });

  it('counts what waits, runs and was given up, and names what waits and no live worker runs', async () => {
    const at = (number: number, name: string, state: JobState): Row => ({
      id: idOf(number),
      name,
      tenantId: ACME,
      state,
      schedule: null,
    });
    await write([
      at(1, 'alpha.echo', 'ready'),
      at(2, 'beta.echo', 'ready'),
      at(3, 'beta.echo', 'scheduled'),
      at(4, 'beta.echo', 'succeeded'),
      at(5, 'beta.echo', 'dead'),
      at(6, 'alpha.nightly', 'running'),
    ]);
    await owner.query("update jobs.jobs set error = 'no', created_at = '2026-01-01' where id = $1", [idOf(2)]);
    await owner.query("update jobs.jobs set error = 'it broke' where id = $1", [idOf(5)]);
    await owner.query(
      `insert into jobs.workers (id, names, started_at, seen_at)
       values ('alive', '{alpha.echo}', now(), now()), ('gone', '{beta.echo}', now(), now() - interval '31 seconds')`,
    );
    expect(await desk.overview()).toMatchObject({
      waiting: 3,
      running: 1,
      failed: 1,
      latestFailures: [{ id: idOf(5), name: 'beta.echo', tenantId: ACME, reason: 'it broke' }],
      unclaimed: [{ name: 'beta.echo', waiting: 2, oldest: new Date('2026-01-01T00:00:00Z') }],
    });
  });

  it('shows a cancelled job as open while what it held is given back, with the runs it had begun', async () => {
    await owner.query(
      `insert into jobs.definitions (name, product, declared, declared_at)
       values ('alpha.echo', 'alpha', '{ "givesBack": true, "retry": { "attempts": 5 } }', now())`,
    );
    await write([{ id: idOf(1), name: 'alpha.echo', tenantId: ACME, state: 'ready', schedule: null }]);
    expect(await desk.cancel(ALL, idOf(1))).toBe('cancelled');
    expect(await desk.job(ALL, idOf(1))).toMatchObject({
      state: 'ready',
      attempts: 0,
      note: 'It was cancelled. What it held is given back next.',
    });
  });

  it('leaves nothing of a scope to whoever gets its connection next', async () => {
    await write([{ id: idOf(1), name: 'alpha.echo', tenantId: ACME, state: 'ready', schedule: null }]);
    const nobody: JobScope = { kind: 'tenant', tenantId: GLOBEX, products: ['alpha'] };
    for (let round = 0; round < 20; round += 1) {
      expect(await desk.job(ALL, idOf(1))).not.toBeNull();
      expect(await desk.job(nobody, idOf(1))).toBeNull();
    }
  });

  it('has one connection that listens while somebody watches, and none otherwise', async () => {
    const listening = async (): Promise<number> =>
      (
        await owner.query(
          "select from pg_stat_activity where datname = current_database() and application_name = 'stack:listen:changes-of-jobs'",
        )
      ).rowCount!;
    expect(await listening()).toBe(0);
    const leaving = new AbortController();
    const first = await desk.watch(ALL, { signal: leaving.signal });
    const second = await desk.watch(
      { kind: 'tenant', tenantId: ACME, products: ['alpha'] },
      { signal: leaving.signal },
    );
    expect(await listening()).toBe(1);
    await first.return!();
    expect(await listening()).toBe(1);
    const store = postgresJobStore(urlOf('runner'), log);
    const record = { payload: {}, correlationId: 'c', trace: null, onceKey: null, priority: 0, runAt: null, after: [] };
    await store.insert([
      { ...record, id: idOf(1), name: 'alpha.echo', tenantId: GLOBEX },
      { ...record, id: idOf(2), name: 'beta.echo', tenantId: ACME },
      { ...record, id: idOf(3), name: 'alpha.echo', tenantId: ACME },
    ]);
    await store.close();
    expect(await second.next()).toEqual({
      done: false,
      value: { id: idOf(3), state: 'ready', tenantId: ACME, name: 'alpha.echo' },
    });
    leaving.abort();
    expect(await second.next()).toEqual({ done: true, value: undefined });
    const giveUpAt = Date.now() + 10_000;
    while ((await listening()) && Date.now() < giveUpAt);
    expect(await listening()).toBe(0);
  });

  it('tells a watcher that changes were missed when its connection was cut', async () => {
    const leaving = new AbortController();
    const watched = await desk.watch(ALL, { signal: leaving.signal });
    await owner.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
       where datname = current_database() and application_name = 'stack:listen:changes-of-jobs'`,
    );
    expect((await watched.next()).value).toMatchObject({ kind: 'missed' });
    leaving.abort();
  });
});

describe('Somebody who steers, and whose process is frozen in the middle', () => {
  it('holds up neither the claims of other jobs, nor for long the one it steers', async () => {
    const [steered, other] = [idOf(1), idOf(2)];
    const row = { name: 'alpha.echo', tenantId: ACME, state: 'ready', schedule: null } as const;
    await write([
      { ...row, id: steered },
      { ...row, id: other },
    ]);
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
