import pg from 'pg';
import { openJobStorePool } from '../postgres/postgres-job-store.js';
import { LIVE_WORKERS } from '../postgres/job-columns.js';
import { OPEN_STATES } from '../seen-jobs.js';
import { JobNotKept } from './job-not-kept.js';
import type { DepotHold, JobDepot, MoveMark } from './job-depot.js';
import type { KeptDefinition, KeptFiring, KeptJob, KeptRun, KeptSchedule } from './kept-job.js';
import { MoveRefused } from './move-refused.js';

/** One move at a time. Of this database; the server frees it with the connection. */
const HOLD = `select pg_try_advisory_lock(hashtext('jobs.move')) as held`;

const MARK = 'select move, other, other_id as "otherId", why, stage, after, doubles, before from move';
// The name itself is a secret of the store.
const ID = "select 'postgres:' || md5(name) as id from change_channel";
const WRITE_MARK = `
  insert into move (move, other, other_id, why, stage, after, doubles, before) values ($1, $2, $3, $4, $5, $6, $7, $8)
  on conflict (only_row) do update set move = excluded.move, other = excluded.other, other_id = excluded.other_id,
    why = excluded.why, stage = excluded.stage, after = excluded.after, doubles = excluded.doubles, before = excluded.before`;

const RUNNING = `select count(*)::int as running from jobs where state = 'running' and wake_at > stack_now()`;

const JOBS = `
  select id, name, tenant_id as "tenantId", payload::text as payload, correlation_id as "correlationId", trace,
    once_key as "onceKey", priority, fans_out as "fansOut", schedule, state, wake_at as "wakeAt", run_at as "runAt", attempts,
    coalesce(fence, 0)::float8 as fence, worker, progress, note, error, created_at as "createdAt", started_at as "startedAt",
    finished_at as "finishedAt", cancelled_after as "cancelledAfter"
  from jobs`;
const RUNS = `
  select job_id as job, fence::float8 as fence, attempt, worker, started_at as "startedAt", ended_at as "endedAt",
    nullif(outcome, 'running') as outcome, error, log
  from attempts where job_id = any ($1) order by fence`;
const DEPENDENCIES = `
  select job_id as job, waits_for as id, is_open as "isOpen" from dependencies where job_id = any ($1) order by waits_for`;

const WRITE_JOBS = `
  insert into jobs (id, name, tenant_id, payload, correlation_id, trace, once_key, priority, fans_out, schedule, state, wake_at,
    run_at, attempts, fence, worker, progress, note, error, created_at, started_at, finished_at, cancelled_after)
  select id, name, "tenantId", payload::jsonb, "correlationId", trace, "onceKey", priority, "fansOut", schedule, state, "wakeAt",
    "runAt", attempts, nullif(fence, 0), worker, progress, note, error, "createdAt", "startedAt", "finishedAt", "cancelledAfter"
  from json_to_recordset($1) as j (id uuid, name text, "tenantId" uuid, payload text, "correlationId" text, trace text,
    "onceKey" text, priority smallint, "fansOut" boolean, schedule text, state text, "wakeAt" timestamptz, "runAt" timestamptz,
    attempts integer, fence bigint, worker text, progress real, note text, error text, "createdAt" timestamptz,
    "startedAt" timestamptz, "finishedAt" timestamptz, "cancelledAfter" integer)`;
const WRITE_RUNS = `
  insert into attempts (job_id, fence, attempt, worker, started_at, ended_at, outcome, error, log)
  select job, fence, attempt, worker, "startedAt", "endedAt", coalesce(outcome, 'running'), error, log
  from json_to_recordset($1) as r (job uuid, fence bigint, attempt integer, worker text, "startedAt" timestamptz,
    "endedAt" timestamptz, outcome text, error text, log jsonb)`;
const WRITE_DEPENDENCIES = `
  insert into dependencies (job_id, waits_for, is_open)
  select job, id, "isOpen" from json_to_recordset($1) as d (job uuid, id uuid, "isOpen" boolean)`;
const TAKE_KEYS = `
  insert into once_keys (name, tenant_key, key, job_id)
  select name, tenant_key, once_key, id from jobs where id = any ($1) and once_key is not null and state = any ($2)
  order by id on conflict do nothing`;

const DEFINITIONS = `
  select d.name, product, declared::text as declared, declared_at as "declaredAt", cron, timezone, next_due as "nextDue",
    last_due as "lastDue", missed::float8 as missed, paused_at as "pausedAt"
  from definitions d left join schedules s on s.name = d.name order by d.name collate "C"`;
const WRITE_DEFINITIONS = `
  insert into definitions (name, product, declared, declared_at)
  select name, product, declared::jsonb, "declaredAt"
  from json_to_recordset($1) as d (name text, product text, declared text, "declaredAt" timestamptz)
  on conflict (name) do update set product = excluded.product, declared = excluded.declared, declared_at = excluded.declared_at`;
const WRITE_SCHEDULES = `
  insert into schedules (name, cron, timezone, next_due, last_due, missed, paused_at)
  select name, cron, timezone, "nextDue", "lastDue", missed, "pausedAt"
  from json_to_recordset($1) as s (name text, cron text, timezone text, "nextDue" timestamptz, "lastDue" timestamptz,
    missed bigint, "pausedAt" timestamptz)
  on conflict (name) do update set cron = excluded.cron, timezone = excluded.timezone, next_due = excluded.next_due,
    last_due = excluded.last_due, missed = excluded.missed, paused_at = excluded.paused_at`;
const FIRINGS = `
  select due, fired_at as "firedAt", job_id as job from firings
  where schedule = $1 and ($2::timestamptz is null or due > $2) order by due limit $3`;
const WRITE_FIRINGS = `
  insert into firings (schedule, due, fired_at, job_id)
  select $1, due, "firedAt", job from json_to_recordset($2) as f (due timestamptz, "firedAt" timestamptz, job uuid)
  on conflict do nothing`;

/** SQLSTATE. */
const UNDEFINED_TABLE = '42P01';
const SETTLED_AT_ONCE = 1_000;

/** `url`: of the runner's role. */
export function postgresDepot(url: string): JobDepot {
  const pool = openJobStorePool(url, { 'stack.moves_jobs': 'yes' });
  const rows = async <Row extends object>(text: string, values: readonly unknown[] = []): Promise<Row[]> =>
    (await pool.query<Row>(text, [...values])).rows;

  /** With their runs and with what they wait for. */
  const completed = async (jobs: readonly Omit<KeptJob, 'after' | 'runs'>[]): Promise<readonly KeptJob[]> => {
    const ids = jobs.map(({ id }) => id);
    const [runs, dependencies] = await Promise.all([
      rows<KeptRun & { job: string }>(RUNS, [ids]),
      rows<KeptJob['after'][number] & { job: string }>(DEPENDENCIES, [ids]),
    ]);
    const [runsOf, afterOf] = [byJob(runs), byJob(dependencies)];
    return jobs.map((job) => ({ ...job, after: afterOf.get(job.id) ?? [], runs: runsOf.get(job.id) ?? [] }));
  };

  const together = async (work: (client: pg.PoolClient) => Promise<void>): Promise<void> => {
    const client = await pool.connect();
    try {
      await client.query('begin');
      await work(client);
      await client.query('commit');
      client.release();
    } catch (error) {
      client.release(true); // closed in place of rolled back: it may be busy with a statement that was not answered in time
      throw error;
    }
  };

  const writeTogether = (jobs: readonly KeptJob[]): Promise<void> =>
    together(async (client) => {
      const ids = jobs.map(({ id }) => id);
      await client.query('delete from once_keys where job_id = any ($1)', [ids]);
      await client.query('delete from jobs where id = any ($1)', [ids]);
      await client.query(WRITE_JOBS, [JSON.stringify(jobs)]);
      const runs = jobs.flatMap((job) => job.runs.map((run) => ({ ...run, job: job.id })));
      if (runs.length) await client.query(WRITE_RUNS, [JSON.stringify(runs)]);
      const after = jobs.flatMap((job) => job.after.map((waits) => ({ ...waits, job: job.id })));
      if (after.length) await client.query(WRITE_DEPENDENCIES, [JSON.stringify(after)]);
      await client.query(TAKE_KEYS, [ids, OPEN_STATES]);
    });

  const place = `PostgreSQL at ${placeOf(url)}`;
  return {
    kind: 'postgres',
    place,
    id: async () => (await rows<{ id: string }>(ID))[0]!.id,
    hold: () => hold(url),
    async mark() {
      try {
        return (await rows<MoveMark>(MARK))[0] ?? null;
      } catch (error) {
        if ((error as { code?: string }).code !== UNDEFINED_TABLE) throw error;
        throw new MoveRefused(
          `The job store of ${place} lacks migrations. Run "stack migrate" with JOBS_OWNER_DATABASE_URL first.`,
        );
      }
    },
    async setMark(mark) {
      if (!mark) return void (await rows('delete from move'));
      const { move, other, otherId, why, stage, after, doubles, before } = mark;
      await rows(WRITE_MARK, [move, other, otherId, why, stage, after, doubles, JSON.stringify(before)]);
    },
    async use() {
      const [workers, [running]] = await Promise.all([
        rows<{ id: string }>(`${LIVE_WORKERS} order by id`),
        rows<{ running: number }>(RUNNING),
      ]);
      return { workers: workers.map(({ id }) => id), running: running!.running, unfinished: 0 };
    },
    look: () => Promise.resolve(), // every change is one transaction
    async purge(keepMs) {
      const most = 1_000;
      let all = 0;
      for (let removed = most; removed === most; all += removed) {
        const [row] = await rows<{ removed: number }>('select purge_ended(make_interval(secs => $1), $2) as removed', [
          keepMs / 1_000,
          most,
        ]);
        removed = row!.removed;
      }
      return all;
    },
    size: async () => (await rows<{ count: number }>('select count(*)::float8 as count from jobs'))[0]!.count,
    jobsAfter: async (id, most) =>
      completed(await rows(`${JOBS} where ($1::uuid is null or id > $1) order by id limit $2`, [id, most])),
    jobsOf: async (ids) => completed(await rows(`${JOBS} where id = any ($1) order by id`, [ids])),
    async writeJobs(jobs) {
      try {
        await writeTogether(jobs);
      } catch (error) {
        if (!isAboutData(error)) throw error;
        // Which of them it is, is not said.
        for (const job of jobs)
          await writeTogether([job]).catch((refused: Error) => {
            if (!isAboutData(refused)) throw refused;
            throw new JobNotKept(job, place, refused.message);
          });
      }
    },
    removeJobs: (ids) =>
      together(async (client) => {
        await client.query('delete from once_keys where job_id = any ($1)', [ids]);
        await client.query('delete from jobs where id = any ($1)', [ids]);
      }),
    async definitions() {
      const found = await rows<Omit<KeptDefinition, 'schedule'> & { cron: string | null }>(DEFINITIONS);
      return found.map(({ name, product, declared, declaredAt, cron, ...schedule }) => ({
        name,
        product,
        declared,
        declaredAt,
        schedule: cron === null ? null : ({ cron, ...schedule } as KeptSchedule),
      }));
    },
    writeDefinitions: (definitions) =>
      together(async (client) => {
        await client.query(WRITE_DEFINITIONS, [JSON.stringify(definitions)]);
        const unscheduled = definitions.filter(({ schedule }) => !schedule).map(({ name }) => name);
        await client.query('delete from schedules where name = any ($1)', [unscheduled]);
        const schedules = definitions.flatMap(({ name, schedule }) => (schedule ? [{ name, ...schedule }] : []));
        await client.query(WRITE_SCHEDULES, [JSON.stringify(schedules)]);
      }),
    firingsAfter: (schedule, due, most) => rows<KeptFiring>(FIRINGS, [schedule, due, most]),
    async writeFirings(schedule, firings) {
      await rows(WRITE_FIRINGS, [schedule, JSON.stringify(firings)]);
    },
    lastFence: async () =>
      (
        await rows<{ fence: number }>(
          'select case when is_called then last_value else 0 end::float8 as fence from fences',
        )
      )[0]!.fence,
    async raiseFence(to) {
      if (to > 0)
        await rows(
          `select setval('fences', greatest($1, case when is_called then last_value else 0 end)) from fences`,
          [to],
        );
    },
    async settle() {
      let after: string | null = null;
      do {
        const blocked: { id: string }[] = await rows(
          `select id from jobs where state = 'blocked' and ($1::uuid is null or id > $1) order by id limit $2`,
          [after, SETTLED_AT_ONCE],
        );
        if (blocked.length) await rows('select resolve_blocked($1)', [blocked.map(({ id }) => id)]);
        after = blocked.length < SETTLED_AT_ONCE ? null : blocked.at(-1)!.id;
      } while (after !== null);
    },
    async removeRest() {
      for (const table of ['firings', 'definitions', 'turns', 'once_keys', 'workers'])
        await rows(`delete from ${table}`);
    },
    close: () => pool.end(),
  };
}

/** SQLSTATE: class 22, a value that cannot be, and 23, a constraint. */
const isAboutData = (error: unknown): boolean => /^2[23]/.test((error as { code?: string }).code ?? '');

function byJob<Part extends { readonly job: string }>(parts: readonly Part[]): Map<string, Omit<Part, 'job'>[]> {
  const found = new Map<string, Omit<Part, 'job'>[]>();
  for (const { job, ...part } of parts) {
    const list = found.get(job);
    if (list) list.push(part);
    else found.set(job, [part]);
  }
  return found;
}

async function hold(url: string): Promise<DepotHold | null> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000, keepAlive: true });
  let isHeld = true;
  const lose = (): void => void (isHeld = false);
  client.on('error', lose);
  client.on('end', lose);
  await client.connect();
  const { rows } = await client.query<{ held: boolean }>(HOLD);
  if (!rows[0]!.held) {
    await client.end();
    return null;
  }
  return {
    get isHeld() {
      return isHeld;
    },
    release: () => client.end(),
  };
}

function placeOf(url: string): string {
  const { host, pathname } = new URL(url);
  return host + pathname;
}
