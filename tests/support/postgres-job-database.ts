import {
  ensureRoles,
  JOB_STORE_ROLES,
  JOB_STORE_SCHEMA,
  migrateJobStore,
  openJobDesk,
  roleUrl,
} from '@inevitable/kit/host';
import { createTestDatabase } from '@inevitable/kit/testing';
import pg from 'pg';
import { pino } from 'pino';
import type {
  JobDatabase,
  StoredAttempt,
  StoredFiring,
  StoredJob,
  StoredJobs,
  StoredSchedule,
} from './job-database.js';
import { LEDGER, ledgerOn } from './job-ledgers.js';

const ALL = { kind: 'all' } as const;

const JOB = `
  select id, name, state, attempts, worker, progress, note, error, schedule, fans_out as "fansOut", run_at as "runAt",
    started_at as "startedAt", finished_at as "finishedAt", wake_at as "wakeAt"
  from jobs.jobs`;

const TABLES = 'jobs, attempts, once_keys, turns, dependencies, definitions, schedules, firings, workers';

/** The jobs in PostgreSQL's schema `jobs`. `owner`: of the database; not closed with it. */
export function postgresStoredJobs(owner: pg.Pool, readerUrl: string): StoredJobs {
  const desk = openJobDesk(readerUrl, pino({ level: 'silent' }));
  const sql = async <Row extends object>(text: string, ...values: readonly unknown[]): Promise<Row[]> =>
    (await owner.query<Row>(text, [...values])).rows;
  return {
    now: async () => (await sql<{ now: Date }>('select jobs.stack_now() as now'))[0]!.now,
    advance: async ({ seconds }) =>
      void (await sql('update jobs.clock set ahead = ahead + make_interval(secs => $1)', seconds)),
    async job(id) {
      const [job] = await sql<StoredJob>(`${JOB} where id = $1`, id);
      if (!job) throw new Error(`There is no job ${id}.`);
      return job;
    },
    jobs: () => sql<StoredJob>(`${JOB} order by id`),
    async states() {
      const rows = await sql<{ state: string; count: number }>(
        'select state, count(*)::int as count from jobs.jobs group by state',
      );
      return Object.fromEntries(rows.map(({ state, count }) => [state, count]));
    },
    attempts: (id) =>
      sql<StoredAttempt>(
        `select attempt, worker, outcome, error, array(select line ->> 'message' from jsonb_array_elements(log) line) as log
         from jobs.attempts where job_id = coalesce($1, job_id) order by fence`,
        id ?? null,
      ),
    firings: (schedule) =>
      sql<StoredFiring>(
        `select schedule, due, fired_at as "firedAt", job_id as job from jobs.firings
         where schedule = coalesce($1, schedule) order by due`,
        schedule ?? null,
      ),
    schedules: () =>
      sql<StoredSchedule>('select name, next_due as "nextDue", missed::int from jobs.schedules order by name'),
    workers: () => sql<{ names: string[] }>('select names from jobs.workers'),
    heldKeys: async () => (await sql('select from jobs.once_keys')).length,
    async mentions(text) {
      const tables = await sql<{ name: string }>(
        `select table_name as name from information_schema.tables where table_schema = 'jobs' order by name`,
      );
      const naming = await Promise.all(
        tables.map(({ name }) => sql(`select from jobs.${name} t where strpos(t::text, $1) > 0 limit 1`, text)),
      );
      return tables.map(({ name }) => name).filter((_, index) => naming[index]!.length);
    },
    cancel: async (id) => (await desk).cancel(ALL, id),
    retry: async (id) => (await desk).retry(ALL, id),
    pause: async (schedule) => (await desk).pause(ALL, schedule),
    resume: async (schedule) => (await desk).resume(ALL, schedule),
    steal: async (ids) =>
      void (await sql(
        "update jobs.jobs set fence = nextval('jobs.fences'), worker = 'another' where id = any ($1)",
        ids,
      )),
    makeDue: async (id) =>
      void (await sql("update jobs.jobs set wake_at = jobs.stack_now() where id = $1 and state = 'scheduled'", id)),
    orphan: async () =>
      void (await sql(
        `update jobs.jobs set state = 'running', worker = 'dead', fence = nextval('jobs.fences'), attempts = 1,
           started_at = jobs.stack_now() - interval '1 hour', wake_at = jobs.stack_now() - interval '59 minutes'`,
      )),
    async refuseFirings(schedule) {
      await sql(
        `alter table jobs.firings add constraint refused check (schedule <> ${pg.escapeLiteral(schedule)}) not valid`,
      );
      return async () => void (await sql('alter table jobs.firings drop constraint refused'));
    },
    async empty() {
      const tables = TABLES.split(', ').map((table) => `jobs.${table}`);
      await sql(`truncate ${tables.join(', ')}`);
      await sql("update jobs.clock set ahead = '0'");
    },
    close: async () => (await desk).close(),
  };
}

/** In the test cluster. */
export interface PostgresJobDatabase extends JobDatabase {
  /** As the cluster's superuser. */
  sql<Row extends object = Record<string, unknown>>(text: string, ...values: readonly unknown[]): Promise<Row[]>;
}

export async function openPostgresJobDatabase(): Promise<PostgresJobDatabase> {
  const test = await createTestDatabase('job store with a ledger', async (url) => {
    await ensureRoles(url, new URL(url).password, JOB_STORE_SCHEMA, JOB_STORE_ROLES);
    await migrateJobStore(url);
    await run(
      url,
      `${LEDGER}
      GRANT USAGE ON SCHEMA ledger TO jobs_runner;
      GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA ledger TO jobs_runner;`,
    );
  });
  const owner = new pg.Pool({ connectionString: test.url, max: 3 });
  owner.on('error', () => undefined); // ended, and yet told of the drop of its database
  const as = (role: 'runner' | 'reader') => roleUrl(test.url, test.secret, JOB_STORE_SCHEMA, role);
  const stored = postgresStoredJobs(owner, as('reader'));
  const ledger = ledgerOn(as('runner'), owner);
  const close = async () => {
    await stored.close();
    await owner.end();
    await test.drop();
  };
  return {
    ...stored,
    url: as('runner'),
    readerUrl: as('reader'),
    sql: ledger.sql,
    // Beside the store, as a product's rows are.
    ledger: { ...ledger, close: () => Promise.resolve() },
    async empty() {
      await stored.empty();
      await ledger.empty();
    },
    close,
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
