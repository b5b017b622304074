import type { JobRecord, TenantId } from '@inevitable/contract';
import pg from 'pg';
import type { Logger } from 'pino';
import { migrateSchema, poolConfig } from '../../../database/index.js';
import { listen } from '../../../database/listen.js';
import { surviveLostConnections } from '../../../database/survive-lost-connections.js';
import type {
  ClaimedJob,
  ClaimRequest,
  DeclaredDefinition,
  DueSchedule,
  EndedRun,
  ErasedJobs,
  HeldRun,
  JobStore,
  Look,
  ScheduleFiring,
} from '../job-store.js';

export const JOB_STORE_SCHEMA = 'jobs';
/** Names of definitions that have something new, with commas; `*` where they were too many to list. */
const WAKE_CHANNEL = 'jobs';

export const migrateJobStore = (ownerUrl: string): Promise<readonly string[]> =>
  migrateSchema(JOB_STORE_SCHEMA, new URL('../../migrations/', import.meta.url), ownerUrl);

/** `settings`: of every session. Statements that are not answered in 10 s fail: a half-open connection must not hang a worker. */
export function openJobStorePool(url: string, settings: Readonly<Record<string, string>> = {}): pg.Pool {
  const config = poolConfig(url, JOB_STORE_SCHEMA);
  const bounds = { statement_timeout: 8_000, idle_in_transaction_session_timeout: 5_000 };
  const options = [
    config.options,
    ...Object.entries({ ...bounds, ...settings }).map(([name, value]) => `-c ${name}=${value}`),
  ].join(' ');
  const pool = new pg.Pool({ ...config, options, query_timeout: 10_000 });
  surviveLostConnections(pool);
  return pool;
}

const DEPTHS = `
  select split_part(name, '.', 1) as product, state, count(*)::int as count,
         greatest(0, extract(epoch from stack_now() - min(run_at)) * 1000)::float8 as "oldestMs",
         count(*) filter (where state = 'dead' and finished_at > stack_now() - interval '1 hour')::int as "diedLately"
  from jobs where state in ('blocked', 'scheduled', 'ready', 'running', 'dead') group by 1, 2`;

interface JobRow {
  readonly id: string;
  readonly name: string;
  readonly tenant_id: string | null;
  readonly payload: unknown;
  readonly correlation_id: string;
  readonly trace: string | null;
  readonly priority: number;
  readonly fans_out: boolean;
  readonly schedule: string | null;
  /** bigint, as text. */
  readonly fence: string;
  readonly attempts: number;
  readonly cancelled_after: number | null;
  readonly error: string | null;
  readonly run_at: Date;
  readonly started_at: Date;
}

/**
 * The store in PostgreSQL. Every call is one statement that calls one function (migrations/…/migration.sql): sent in one
 * piece and committed by the server, so that a worker which is frozen or killed meanwhile holds no lock.
 * `url`: of the runner's role.
 */
export function postgresJobStore(url: string, log: Logger): JobStore {
  const pool = openJobStorePool(url);
  const statement = async <Row extends object>(name: string, text: string, values: unknown[]): Promise<Row[]> =>
    (await pool.query<Row>({ name, text, values })).rows;

  return {
    async insert(jobs: readonly JobRecord[]) {
      await statement('insert', 'select insert_jobs($1)', [JSON.stringify(jobs)]);
    },
    async declare(worker: string, definitions: readonly DeclaredDefinition[]) {
      await statement('declare', 'select declare_worker($1, $2)', [worker, JSON.stringify(definitions)]);
    },
    async leave(worker) {
      await statement('leave', 'delete from workers where id = $1', [worker]);
    },
    async look(): Promise<Look> {
      const [row] = await statement<{
        ready_names: string[];
        next_wake_ms: number | null;
        due_schedules: (Omit<DueSchedule, 'nextDue'> & { nextDue: string | null })[];
        moment: Date;
      }>('look', 'select * from look()', []);
      return {
        readyNames: row!.ready_names,
        nextWakeMs: row!.next_wake_ms,
        dueSchedules: row!.due_schedules.map(({ nextDue, ...schedule }) => ({
          ...schedule,
          nextDue: nextDue === null ? null : new Date(nextDue),
        })),
        now: row!.moment,
      };
    },
    async claim({ worker, leaseMs, wanted }: ClaimRequest) {
      const rows = await statement<JobRow>('claim', 'select * from claim_jobs($1, $2, $3)', [
        worker,
        leaseMs,
        JSON.stringify(wanted),
      ]);
      return rows.map(claimedJob);
    },
    async renew(worker: string, leaseMs: number, held: readonly HeldRun[]) {
      const [row] = await statement<{ still: string[] }>('renew', 'select renew_leases($1, $2, $3) as still', [
        worker,
        leaseMs,
        JSON.stringify(held),
      ]);
      return new Set(row!.still);
    },
    async release(jobs) {
      const held = jobs.map(({ id, fence }) => ({ id, fence }));
      await statement('release', 'select release_jobs($1)', [JSON.stringify(held)]);
    },
    async releaseOthers(worker: string, knownFences: readonly number[]) {
      await statement('release others', 'select release_others($1, $2)', [worker, knownFences]);
    },
    async end(runs: readonly EndedRun[]) {
      const [row] = await statement<{ ended: string[] }>('end', 'select end_runs($1) as ended', [JSON.stringify(runs)]);
      return new Set(row!.ended);
    },
    async fire({ schedule, cron, timezone, expected, next, missed, runs }: ScheduleFiring) {
      const [row] = await statement<{ fired: boolean }>(
        'fire',
        'select fire_schedule($1, $2, $3, $4, $5, $6, $7) as fired',
        [schedule, cron, timezone, expected, next, missed, JSON.stringify(runs)],
      );
      return row!.fired;
    },
    async purge(keepMs: number, most: number) {
      const [row] = await statement<{ removed: number }>(
        'purge',
        'select purge_ended(make_interval(secs => $1), $2) as removed',
        [keepMs / 1_000, most],
      );
      return row!.removed;
    },
    async eraseTenant(product: string, tenantId: TenantId, most: number) {
      const [row] = await statement<ErasedJobs>('erase tenant', 'select * from erase_tenant($1, $2, $3)', [
        product,
        tenantId,
        most,
      ]);
      return row!;
    },
    async countTenant(product: string, tenantId: TenantId) {
      const [row] = await statement<{ count: number }>('count tenant', 'select count_tenant($1, $2) as count', [
        product,
        tenantId,
      ]);
      return row!.count;
    },
    depths: () => statement('depths', DEPTHS, []),
    watch: (woken) =>
      listen({
        url,
        channel: WAKE_CHANNEL,
        heard: (payload) => woken(payload === null || payload === '*' ? null : payload.split(',')),
        what: 'job notifications',
        log,
      }),
    close: () => pool.end(),
  };
}

const claimedJob = (row: JobRow): ClaimedJob => ({
  id: row.id,
  name: row.name,
  tenantId: row.tenant_id,
  payload: row.payload,
  correlationId: row.correlation_id,
  trace: row.trace,
  priority: row.priority,
  fansOut: row.fans_out,
  schedule: row.schedule,
  fence: Number(row.fence),
  attempt: row.attempts,
  isCancelled: row.cancelled_after !== null,
  error: row.error,
  delayMs: Math.max(0, row.started_at.getTime() - row.run_at.getTime()),
});
