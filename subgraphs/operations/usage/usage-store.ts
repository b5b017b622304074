import type { RecordedOperation, RecordedUsage, UsagePort } from '@inevitable/contract';
import { openSystemPool, type ListenOptions } from '@inevitable/kit/host';
import { READ_OPERATIONS, readingOf } from './recorded-operations.js';
import { storableUsage, type StorableUsage } from './storable-usage.js';

/** What gateways counted, as operations' system role keeps it. Times are the database's own. */
export interface UsageStore extends UsagePort, RecordedUsage {
  /** Removes hours that began more than 90 days ago, at most `most`; answers how many. */
  removeOldHours(most: number): Promise<number>;
  /** Removes operations that nobody sent for 90 days, at most `most`, with all that is known of them; answers how many. */
  removeUnseen(most: number): Promise<number>;
  close(): Promise<void>;
}

/** A client that writes its values into its operations, or its operations anew for each request, fills no disk. */
const MOST_OPERATIONS = 100_000;

/** One batch after the other: two at once find each other's rows, wait for no row of each other, and keep to the limit. */
const ONE_AT_A_TIME = "select pg_advisory_xact_lock(hashtext('operations.operations'))";

/**
 * Answers how many operations there was no more place for. $1: the operations, each once; $2: how many there may be. When
 * one was seen last is written to the minute, not anew with every batch.
 */
const WRITE_OPERATIONS = `
  with given as (
    select * from json_to_recordset($1) as g (signature text, "operationName" text, document text)
  ), known as (
    -- Locked, so that none of them is removed before its hours are written. One that was removed just now is unknown.
    select o.signature from operations o join given g on g.signature = o.signature for key share of o
  ), seen as (
    update operations o set last_seen_at = stack_now() from known k
    where o.signature = k.signature and o.last_seen_at < stack_now() - interval '1 minute'
  ), unknown as (
    select * from given where signature not in (select signature from known)
  ), added as (
    insert into operations (signature, operation_name, document, first_seen_at, last_seen_at)
      select signature, "operationName", document, stack_now(), stack_now() from unknown
      limit case when exists (select from unknown) then greatest($2 - (select count(*) from operations), 0) else 0 end
    returning signature
  )
  select (select count(*) from unknown)::int - (select count(*) from added)::int as "leftOut"`;

/** To the hour, likewise. */
const WRITE_INPUTS = `
  insert into operation_inputs (signature, coordinate, last_seen_at)
    select distinct g.signature, i.coordinate, stack_now()
    from json_to_recordset($1) as g (signature text, inputs text[])
      join operations o on o.signature = g.signature, unnest(g.inputs) as i (coordinate)
    on conflict (signature, coordinate) do update set last_seen_at = excluded.last_seen_at
      where operation_inputs.last_seen_at < excluded.last_seen_at - interval '1 hour'`;

/** A gateway whose clock is ahead counts for the hour it is now: no row outlives its days. */
const WRITE_HOURS = `
  insert into operation_hours (signature, hour, client_name, client_version, plan, count, errors, total_ms)
    select g.signature, date_trunc('hour', least(to_timestamp(g.hour / 1000), stack_now()), 'UTC'), g."clientName",
      g."clientVersion", g.plan, sum(g.count), sum(g.errors), sum(g."totalMs")
    from json_to_recordset($1) as g (signature text, hour double precision, "clientName" text, "clientVersion" text,
        plan text, count bigint, errors bigint, "totalMs" double precision)
      join operations o on o.signature = g.signature
    group by 1, 2, 3, 4, 5
    on conflict (signature, hour, client_name, client_version, plan) do update set
      count = operation_hours.count + excluded.count, errors = operation_hours.errors + excluded.errors,
      total_ms = operation_hours.total_ms + excluded.total_ms`;

const REMOVE_OLD_HOURS = `
  delete from operation_hours where (signature, hour, client_name, client_version, plan) in (
    select signature, hour, client_name, client_version, plan from operation_hours
    where hour < stack_now() - interval '90 days'
    limit $1 for update skip locked)`;

/** With its inputs and hours (on delete cascade). */
const REMOVE_UNSEEN = `
  delete from operations where signature in (
    select signature from operations where last_seen_at < stack_now() - interval '90 days'
    limit $1 for update skip locked)`;

/** `log`: told of what is not kept. */
export function openUsageStore(systemUrl: string, log: Pick<ListenOptions['log'], 'warn'>): UsageStore {
  const pool = openSystemPool('operations', systemUrl);
  const changed = async (statement: string, values: unknown[]): Promise<number> =>
    (await pool.query(statement, values)).rowCount ?? 0;

  /** Answers how many operations there was no more place for. */
  async function write(usages: readonly StorableUsage[]): Promise<number> {
    // Documents are long, and most entries have one that another has, too.
    const operations = [...new Map(usages.map(({ operation }) => [operation.signature, operation])).values()];
    const inputs = usages.flatMap(({ operation: { signature }, inputs }) =>
      inputs.length ? [{ signature, inputs }] : [],
    );
    const hours = usages.map(({ hour }) => hour);
    const client = await pool.connect();
    let broken: Error | undefined;
    try {
      await client.query('begin');
      await client.query(ONE_AT_A_TIME);
      const { rows } = await client.query<{ leftOut: number }>(WRITE_OPERATIONS, [
        JSON.stringify(operations),
        MOST_OPERATIONS,
      ]);
      if (inputs.length) await client.query(WRITE_INPUTS, [JSON.stringify(inputs)]);
      await client.query(WRITE_HOURS, [JSON.stringify(hours)]);
      await client.query('commit');
      return rows[0]!.leftOut;
    } catch (error) {
      await client.query('rollback').catch((failure: Error) => (broken = failure));
      throw error;
    } finally {
      client.release(broken);
    }
  }

  return {
    async record(batch) {
      const usages = batch.flatMap((usage) => storableUsage(usage) ?? []);
      const refused = batch.length - usages.length;
      if (refused) log.warn({ refused }, 'Of what a gateway counted, some is nothing that can be kept.');
      if (!usages.length) return;
      const leftOut = await write(usages);
      if (leftOut)
        log.warn(
          { leftOut },
          `${MOST_OPERATIONS} operations are recorded, and no more of them are. Do clients write values into their operations, in place of variables?`,
        );
    },
    async operations(page) {
      return (await pool.query<RecordedOperation>(READ_OPERATIONS, readingOf(page))).rows;
    },
    async since() {
      const { rows } = await pool.query<{ since: Date | null }>('select min(first_seen_at) as since from operations');
      return rows[0]!.since;
    },
    removeOldHours: (most) => changed(REMOVE_OLD_HOURS, [most]),
    removeUnseen: (most) => changed(REMOVE_UNSEEN, [most]),
    close: () => pool.end(),
  };
}
