import type { PartHealth } from '@inevitable/contract';
import { newId } from '@inevitable/kit';
import { inTransaction, openSystemPool, type JobRunSummary } from '@inevitable/kit/host';

/** A part that became ready, or stopped being so. */
export interface HealthChange {
  /** That of the period which began with it. */
  readonly id: string;
  readonly part: string;
  readonly ready: boolean;
  readonly reason: string | null;
  readonly since: Date;
}

/** What operations writes, as its system role. Times are the database's own. */
export interface OperationsStore {
  now(): Promise<Date>;
  /**
   * Each part's period goes on, or a new one begins: where it became ready or stopped being so, and where nobody looked
   * for 5 minutes, so that no period claims what nobody saw.
   */
  see(parts: readonly PartHealth[]): Promise<void>;
  /** Changes that `markTold` was not told of, oldest first. A part that is seen for the first time has not changed. */
  untold(): Promise<readonly HealthChange[]>;
  markTold(id: string): Promise<void>;
  /** Writing an hour twice leaves the second. */
  writeJobHour(hour: Date, summaries: readonly JobRunSummary[]): Promise<void>;
  /** Removes periods that ended more than 90 days ago, at most `most`; answers how many. */
  removeOldPeriods(most: number): Promise<number>;
  /** Removes hours that began more than 400 days ago, at most `most`; answers how many. */
  removeOldJobHours(most: number): Promise<number>;
  close(): Promise<void>;
}

/** The second of two that see at once waits here, and finds what the first wrote. */
const ONE_AT_A_TIME = "select pg_advisory_xact_lock(hashtext('operations.health_periods'))";

const SEE = `
  with seen as (
    select s.*, latest.id as latest_id, latest.ready as was_ready, latest.last_seen_at
    from jsonb_to_recordset($1) as s (id uuid, part text, ready boolean, reason text)
      left join lateral (
        select h.id, h.ready, h.last_seen_at from health_periods h where h.part = s.part order by h.id desc limit 1
      ) latest on true
  ), extended as (
    update health_periods h set last_seen_at = stack_now(), checks = h.checks + 1, reason = s.reason
    from seen s
    where h.id = s.latest_id and s.ready = s.was_ready and s.last_seen_at > stack_now() - interval '5 minutes'
    returning h.part
  )
  insert into health_periods (id, part, ready, reason, since, last_seen_at, checks, told)
    select id, part, ready, reason, stack_now(), stack_now(), 1, coalesce(ready = was_ready, true)
    from seen where part not in (select part from extended)`;

const WRITE_JOB_HOUR = `
  insert into job_hours (hour, name, succeeded, skipped, failed, postponed, interrupted, lost, cancelled, dead,
      average_ms, longest_ms, longest_delay_ms)
    select $1, name, succeeded, skipped, failed, postponed, interrupted, lost, cancelled, dead,
      "averageMs", "longestMs", "longestDelayMs"
    from jsonb_to_recordset($2) as s (name text, succeeded integer, skipped integer, failed integer, postponed integer,
      interrupted integer, lost integer, cancelled integer, dead integer, "averageMs" double precision,
      "longestMs" double precision, "longestDelayMs" double precision)
    on conflict (hour, name) do update set succeeded = excluded.succeeded, skipped = excluded.skipped,
      failed = excluded.failed, postponed = excluded.postponed, interrupted = excluded.interrupted,
      lost = excluded.lost, cancelled = excluded.cancelled, dead = excluded.dead, average_ms = excluded.average_ms,
      longest_ms = excluded.longest_ms, longest_delay_ms = excluded.longest_delay_ms`;

const REMOVE_OLD_PERIODS = `
  delete from health_periods where id in (
    select id from health_periods where last_seen_at < stack_now() - interval '90 days'
    limit $1 for update skip locked)`;

const REMOVE_OLD_JOB_HOURS = `
  delete from job_hours where (hour, name) in (
    select hour, name from job_hours where hour < stack_now() - interval '400 days'
    limit $1 for update skip locked)`;

export function openOperationsStore(systemUrl: string): OperationsStore {
  const pool = openSystemPool('operations', systemUrl);
  const changed = async (statement: string, values: unknown[]): Promise<number> =>
    (await pool.query(statement, values)).rowCount ?? 0;

  return {
    async now() {
      const { rows } = await pool.query<{ now: Date }>('select stack_now() as now');
      return rows[0]!.now;
    },
    async see(parts) {
      const seen = new Map(parts.map(({ name, ready, reason }) => [name, { id: newId(), part: name, ready, reason }]));
      await inTransaction(pool, async (client) => {
        await client.query(ONE_AT_A_TIME);
        await client.query(SEE, [JSON.stringify([...seen.values()])]);
      });
    },
    async untold() {
      const { rows } = await pool.query<HealthChange>(
        'select id, part, ready, reason, since from health_periods where not told order by id',
      );
      return rows;
    },
    async markTold(id) {
      await pool.query('update health_periods set told = true where id = $1', [id]);
    },
    async writeJobHour(hour, summaries) {
      await pool.query(WRITE_JOB_HOUR, [hour, JSON.stringify(summaries)]);
    },
    removeOldPeriods: (most) => changed(REMOVE_OLD_PERIODS, [most]),
    removeOldJobHours: (most) => changed(REMOVE_OLD_JOB_HOURS, [most]),
    close: () => pool.end(),
  };
}
