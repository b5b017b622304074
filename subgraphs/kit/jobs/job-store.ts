import type { FailedJob, JobsOverview, JobsPort, PartHealth } from '@inevitable/contract';
import { notReady, ready } from '@inevitable/contract';
import pg from 'pg';
import { migrateSchema, poolConfig } from '../database/index.js';

export const JOB_STORE_SCHEMA = 'jobs';
export const JOB_TABLE = 'agenda_jobs';
/** Agenda's notification channel: a new job wakes every worker. */
export const JOB_CHANNEL = 'agenda_jobs';

/** What the store keeps in Agenda's `data`. */
export interface JobData {
  readonly tenantId: string | null;
  readonly payload: unknown;
  readonly correlationId: string;
}

export const migrateJobStore = (ownerUrl: string): Promise<readonly string[]> =>
  migrateSchema(JOB_STORE_SCHEMA, new URL('./migrations/', import.meta.url), ownerUrl);

export function openJobStorePool(url: string): pg.Pool {
  const pool = new pg.Pool(poolConfig(url, JOB_STORE_SCHEMA));
  pool.on('error', () => undefined);
  return pool;
}

const INSERT = `
  insert into ${JOB_TABLE} (id, name, data, next_run_at)
  select r.id, r.name, r.data, r.run_at
  from jsonb_to_recordset($1) as r (id uuid, name text, data jsonb, run_at timestamptz)
  on conflict (id) do nothing returning id, name, next_run_at, priority`;

/** Writes jobs where Agenda finds them. A job's id is its outbox record's: a second insert of it does nothing. */
export function jobStore(pool: pg.Pool): JobsPort {
  return {
    async insert(jobs) {
      const records = jobs.map(({ id, name, tenantId, payload, correlationId, runAt }) => ({
        id,
        name,
        data: { tenantId, payload, correlationId } satisfies JobData,
        run_at: runAt,
      }));
      // Agenda wakes by job name, so one notification of each name in the batch is enough.
      await pool.query(
        `with inserted as (${INSERT}), woken as (select distinct on (name) * from inserted order by name, next_run_at)
         select pg_notify('${JOB_CHANNEL}', json_build_object('jobId', id, 'jobName', name, 'nextRunAt', next_run_at,
           'priority', priority, 'timestamp', now(), 'source', 'outbox')::text) from woken`,
        [JSON.stringify(records)],
      );
    },
  };
}

const OVERVIEW = `
  select count(*) filter (where next_run_at is not null and locked_at is null)::int as waiting,
         count(*) filter (where locked_at is not null)::int as running,
         count(*) filter (where fail_count > 0 and next_run_at is null and locked_at is null)::int as failed
  from ${JOB_TABLE}`;
const LATEST_FAILURES = `
  select id, name, data ->> 'tenantId' as "tenantId", fail_count as attempts, fail_reason as reason, failed_at as "failedAt"
  from ${JOB_TABLE} where fail_count > 0 and next_run_at is null and locked_at is null
  order by failed_at desc limit 20`;

/** The store as the operator sees it, through its reading role. */
export interface JobStoreReader {
  overview(): Promise<JobsOverview>;
  health(): Promise<PartHealth>;
  close(): Promise<void>;
}

export function openJobStoreReader(readerUrl: string): JobStoreReader {
  const pool = openJobStorePool(readerUrl);
  return {
    async overview() {
      const [counts, failures] = await Promise.all([
        pool.query<Omit<JobsOverview, 'latestFailures'>>(OVERVIEW),
        pool.query<FailedJob & { failedAt: Date }>(LATEST_FAILURES),
      ]);
      const latestFailures = failures.rows.map((row) => ({ ...row, failedAt: row.failedAt.toISOString() }));
      return { ...counts.rows[0]!, latestFailures };
    },
    async health() {
      try {
        await pool.query('select 1');
        return ready('job store');
      } catch (error) {
        return notReady('job store', `PostgreSQL does not answer: ${(error as Error).message}`);
      }
    },
    close: () => pool.end(),
  };
}
