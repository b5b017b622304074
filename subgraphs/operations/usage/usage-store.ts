import type { RecordedOperation, RecordedUsage, UsagePort } from '@inevitable/contract';
import { inTransaction, openSystemPool, type ListenOptions } from '@inevitable/kit/host';
import { READ_OPERATIONS, readingOf } from './read-operations.js';
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
/** Of these, those that only callers of no tenant sent, who may be anybody. */
const MOST_OF_NO_TENANT = 2_000;
/** Of one operation within an hour. */
const MOST_CLIENTS = 100;
/** Of callers of no tenant, likewise, beside those: 2,000 operations are few rows for 90 days. */
const MOST_CLIENTS_OF_NO_TENANT = 10;

/** One batch after the other: two at once find each other's rows, wait for no row of each other, and keep to the limit. */
const ONE_AT_A_TIME = "select pg_advisory_xact_lock(hashtext('operations.operations'))";

/**
 * Answers which of the operations $1 are not known yet. When one was seen last is written to the minute, not anew with every
 * batch.
 */
const WRITE_KNOWN = `
  with given as (
    select * from json_to_recordset($1) as g (signature text, "sentForTenants" boolean)
  ), known as (
    -- Locked, so that none of them is removed before its hours are written. One that was removed just now is unknown.
    select o.signature from operations o join given g on g.signature = o.signature for key share of o
  ), seen as (
    update operations o set last_seen_at = stack_now(), sent_for_tenants = o.sent_for_tenants or g."sentForTenants"
    from known k join given g on g.signature = k.signature
    where o.signature = k.signature
      and (o.last_seen_at < stack_now() - interval '1 minute' or (g."sentForTenants" and not o.sent_for_tenants))
  )
  select signature from given where signature not in (select signature from known)`;

/** Adds operations that are not known, $1, each once, as long as those of their kind, $3, are no more than $2. */
const ADD = `
  insert into operations (signature, operation_name, document, first_seen_at, last_seen_at, sent_for_tenants)
    select signature, "operationName", document, stack_now(), stack_now(), $3
    from json_to_recordset($1) as g (signature text, "operationName" text, document text)
    limit greatest($2 - (select count(*) from operations where sent_for_tenants and $3), 0)`;

/**
 * Those that only callers of no tenant sent give way, the one seen least recently first: there are at most $1 of them, and
 * at most $2 operations in all. Answers how many did, and until when they were sent.
 */
const MAKE_ROOM = `
  with surplus as (
    select signature from operations where not sent_for_tenants
    order by last_seen_at desc, signature
    offset greatest(least($1::bigint, $2::bigint - (select count(*) from operations where sent_for_tenants)), 0)
    for update skip locked
  ), gone as (
    delete from operations where signature in (select signature from surplus) returning last_seen_at
  )
  select count(*)::int as count, max(last_seen_at) as "lastSeen" from gone`;

/** $1: until when operations were sent that are not known; null: now. */
const WRITE_LEFT_OUT = `
  insert into usage_left_out (last_seen_at) values (coalesce($1, stack_now()))
    on conflict (is_only) do update set last_seen_at = greatest(usage_left_out.last_seen_at, excluded.last_seen_at)`;

/** To the hour, likewise. */
const WRITE_INPUTS = `
  insert into operation_inputs (signature, coordinate, last_seen_at)
    select distinct g.signature, i.coordinate, stack_now()
    from json_to_recordset($1) as g (signature text, inputs text[])
      join operations o on o.signature = g.signature, unnest(g.inputs) as i (coordinate)
    on conflict (signature, coordinate) do update set last_seen_at = excluded.last_seen_at
      where operation_inputs.last_seen_at < excluded.last_seen_at - interval '1 hour'`;

/**
 * A gateway whose clock is ahead counts for the hour it is now: no row outlives its days. Of an operation and an hour $2
 * clients are told apart, of callers of no tenant $3, and the others counted without a name: whoever makes up names fills
 * no disk, and takes no tenant's.
 */
const WRITE_HOURS = `
  with given as (
    select g.signature, date_trunc('hour', least(to_timestamp(g.hour / 1000), stack_now()), 'UTC') as hour,
      g."clientName" as client_name, g."clientVersion" as client_version, g.plan, g.plan = '' as is_of_none,
      sum(g.count) as count, sum(g.errors) as errors, sum(g."totalMs") as total_ms
    from json_to_recordset($1) as g (signature text, hour double precision, "clientName" text, "clientVersion" text,
        plan text, count bigint, errors bigint, "totalMs" double precision)
      join operations o on o.signature = g.signature
    group by 1, 2, 3, 4, 5
  ), known as (
    select distinct h.signature, h.hour, h.client_name, h.client_version, h.plan = '' as is_of_none
    from (select distinct signature, hour from given) g join operation_hours h using (signature, hour)
    where (h.client_name, h.client_version) <> ('', '')
  ), placed as (
    -- The known ones first, then those that sent most.
    select signature, hour, client_name, client_version, is_of_none, row_number() over (
        partition by signature, hour, is_of_none order by is_known desc, sent desc, client_name, client_version
      ) <= case when is_of_none then $3::int else $2::int end as has_place
    from (
      select signature, hour, client_name, client_version, is_of_none, true as is_known, 0 as sent from known
      union all
      select g.signature, g.hour, g.client_name, g.client_version, is_of_none, false, sum(g.count)
      from given g left join known k using (signature, hour, client_name, client_version, is_of_none)
      where k.signature is null and (g.client_name, g.client_version) <> ('', '')
      group by 1, 2, 3, 4, 5
    ) client
  ), named as (
    select g.signature, g.hour, case when p.has_place then g.client_name else '' end as client_name,
      case when p.has_place then g.client_version else '' end as client_version, g.plan, g.count, g.errors, g.total_ms
    from given g left join placed p using (signature, hour, client_name, client_version, is_of_none)
  )
  insert into operation_hours (signature, hour, client_name, client_version, plan, count, errors, total_ms)
    select signature, hour, client_name, client_version, plan, sum(count), sum(errors), sum(total_ms)
    from named group by 1, 2, 3, 4, 5
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

  /** Answers how many operations are not known, or not any more, for want of room. */
  function write(usages: readonly StorableUsage[]): Promise<number> {
    const operations = eachOnce(usages);
    const inputs = usages.flatMap(({ operation: { signature }, inputs }) =>
      inputs.length ? [{ signature, inputs }] : [],
    );
    const hours = usages.map(({ hour }) => hour);
    return inTransaction(pool, async (client) => {
      await client.query(ONE_AT_A_TIME);
      const leftOut = await writeOperations((statement, values) => client.query(statement, values), operations);
      if (inputs.length) await client.query(WRITE_INPUTS, [JSON.stringify(inputs)]);
      await client.query(WRITE_HOURS, [JSON.stringify(hours), MOST_CLIENTS, MOST_CLIENTS_OF_NO_TENANT]);
      return leftOut;
    });
  }

  return {
    async record(batch, areLeftOut = false) {
      if (areLeftOut) await pool.query(WRITE_LEFT_OUT, [null]);
      const usages = batch.flatMap((usage) => storableUsage(usage) ?? []);
      const refused = batch.length - usages.length;
      if (refused) log.warn({ refused }, 'Of what a gateway counted, some is nothing that can be kept.');
      if (!usages.length) return;
      const leftOut = await write(usages);
      if (leftOut)
        log.warn(
          { leftOut },
          `${MOST_OPERATIONS} operations are recorded and no more, ${MOST_OF_NO_TENANT} of them from callers of no tenant. Do clients write values into their operations, in place of variables?`,
        );
    },
    async operations(page) {
      return (await pool.query<RecordedOperation>(READ_OPERATIONS, readingOf(page))).rows;
    },
    async since() {
      const { rows } = await pool.query<{ since: Date | null }>('select min(first_seen_at) as since from operations');
      return rows[0]!.since;
    },
    async leftOut() {
      const { rows } = await pool.query<{ at: Date }>('select last_seen_at as at from usage_left_out');
      return rows[0]?.at ?? null;
    },
    removeOldHours: (most) => changed(REMOVE_OLD_HOURS, [most]),
    removeUnseen: (most) => changed(REMOVE_UNSEEN, [most]),
    close: () => pool.end(),
  };
}

type Operation = StorableUsage['operation'];
/** One statement of the batch's transaction. */
type Ask = <Row extends Record<string, unknown>>(
  statement: string,
  values: unknown[],
) => Promise<{ readonly rows: Row[]; readonly rowCount: number | null }>;

/** Documents are long, and most entries have one that another has, too. */
function eachOnce(usages: readonly StorableUsage[]): Operation[] {
  const operations = new Map<string, Operation>();
  for (const { operation } of usages) {
    const sentForTenants = operation.sentForTenants || operations.get(operation.signature)?.sentForTenants === true;
    operations.set(operation.signature, { ...operation, sentForTenants });
  }
  return [...operations.values()];
}

/** Answers how many there was no room for, of these or of those that were there. */
async function writeOperations(ask: Ask, operations: readonly Operation[]): Promise<number> {
  const known = operations.map(({ signature, sentForTenants }) => ({ signature, sentForTenants }));
  const { rows } = await ask<{ signature: string }>(WRITE_KNOWN, [JSON.stringify(known)]);
  const isUnknown = new Set(rows.map(({ signature }) => signature));

  let notAdded = 0;
  for (const [sentForTenants, most] of [
    [true, MOST_OPERATIONS],
    [false, MOST_OF_NO_TENANT],
  ] as const) {
    const adding = operations.filter((one) => isUnknown.has(one.signature) && one.sentForTenants === sentForTenants);
    if (!adding.length) continue;
    const added = await ask(ADD, [JSON.stringify(adding), most, sentForTenants]);
    notAdded += adding.length - (added.rowCount ?? 0);
  }
  if (notAdded) await ask(WRITE_LEFT_OUT, [null]);
  if (!isUnknown.size) return 0;

  const made = await ask<{ count: number; lastSeen: Date | null }>(MAKE_ROOM, [MOST_OF_NO_TENANT, MOST_OPERATIONS]);
  const { count, lastSeen } = made.rows[0]!;
  if (lastSeen) await ask(WRITE_LEFT_OUT, [lastSeen]);
  return notAdded + count;
}
