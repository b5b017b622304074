import type { TenantId } from '@inevitable/contract';
import { appendAudit } from '../audit/append-audit.js';
import { OPERATOR } from '../audit/origin.js';
import type { Logger } from '../flows/flow-deps.js';
import { BEFORE_ALL } from '../store/nil-id.js';
import type { Rows, SystemDatabase } from '../store/system-database.js';
import { purgeLedger } from './purge-ledger.js';

/** Tenants of which one statement compares everything. */
const PAGE = 100;

/** The month that runs and the one before: a period before them is over, and its counter is final. */
const SINCE = `(date_trunc('month', stack_now() at time zone 'UTC') - interval '1 month') at time zone 'UTC'`;

/**
 * What the ledger says of the counters of the tenants `$1`. Of what was committed the quota burned first; what is overdue is
 * held until it is swept.
 */
const COUNTERS = `
  select tenant_id, feature, period_start,
    json_build_object('used', coalesce(u.used, 0), 'held', coalesce(u.held, 0),
      'grantedUsed', coalesce(u.granted_used, 0), 'grantedHeld', coalesce(u.granted_held, 0)) as stored,
    json_build_object('used', coalesce(l.used, 0), 'held', coalesce(l.held, 0),
      'grantedUsed', coalesce(l.granted_used, 0), 'grantedHeld', coalesce(l.granted_held, 0)) as recomputed
  from (
    select r.tenant_id, r.feature, r.period_start,
      sum(least(r.actual, r.amount - r.granted)) filter (where r.state = 'committed')::bigint as used,
      sum(r.amount - r.granted) filter (where r.state = 'reserved')::bigint as held,
      sum(greatest(r.actual - (r.amount - r.granted), 0)) filter (where r.state = 'committed')::bigint as granted_used,
      sum(r.granted) filter (where r.state = 'reserved')::bigint as granted_held
    from reservations r where r.tenant_id = any ($1) and r.period_start >= ${SINCE}
    group by r.tenant_id, r.feature, r.period_start
  ) l full join (
    select * from usage_counters where tenant_id = any ($1) and period_start >= ${SINCE}
  ) u using (tenant_id, feature, period_start)`;

/** The same of the balances of grants, which outlive periods: their ledger is kept for as long as they are. */
const GRANTS = `
  select b.tenant_id, b.grant_id, json_build_object('used', b.used, 'held', b.held) as stored,
    json_build_object('used', coalesce(l.used, 0), 'held', coalesce(l.held, 0)) as recomputed
  from feature_grant_balances b left join (
    select tenant_id, grant_id, sum(actual)::bigint as used, sum(amount) filter (where actual is null)::bigint as held
    from reservation_grants where tenant_id = any ($1) group by tenant_id, grant_id
  ) l using (tenant_id, grant_id)
  where b.tenant_id = any ($1)`;

type Amounts = Readonly<Record<string, number>>;

interface Compared {
  readonly tenant_id: TenantId;
  readonly stored: Amounts;
  readonly recomputed: Amounts;
}
interface CounterCompared extends Compared {
  readonly feature: string;
  readonly period_start: Date;
}
interface GrantCompared extends Compared {
  readonly grant_id: string;
}

const differing = (comparison: string, condition = 'true'): string =>
  `select * from (${comparison}) compared where stored::text <> recomputed::text and ${condition}`;

export interface RecomputedBalances {
  /** Counters and grants that were not what the ledger says, and are now. */
  readonly repaired: number;
  /** Reservations of 13 months ago that were removed. */
  readonly purged: number;
}

/**
 * Compares every balance that is not final with the ledger, and repairs what differs. It locks nothing to compare: one
 * statement reads one snapshot, in which the two agree, because whatever moves one moves the other in the same
 * transaction. Only what differs is locked, read again and set, in a transaction with its audit event.
 */
export async function recomputeBalances(
  db: SystemDatabase,
  log: Logger,
  signal?: AbortSignal,
): Promise<RecomputedBalances> {
  let repaired = 0;
  let tenants: readonly { readonly id: TenantId }[];
  let after: string = BEFORE_ALL;
  do {
    signal?.throwIfAborted();
    tenants = await db.rows(`select id from tenants where id > $1 order by id limit ${PAGE}`, [after]);
    const ids = [tenants.map(({ id }) => id)];
    for (const counter of await db.rows<CounterCompared>(differing(COUNTERS), ids))
      repaired += await repairCounter(db, counter, log);
    for (const grant of await db.rows<GrantCompared>(differing(GRANTS), ids))
      repaired += await repairGrant(db, grant, log);
    after = tenants.at(-1)?.id ?? after;
  } while (tenants.length === PAGE);
  return { repaired, purged: await purgeLedger(db, signal) };
}

/** The counter's lock first, and then another statement: its snapshot has all that was done under that lock before. */
const repairCounter = (db: SystemDatabase, counter: CounterCompared, log: Logger): Promise<number> =>
  db.transaction(async (rows) => {
    const { tenant_id: tenantId, feature, period_start } = counter;
    const key = [tenantId, feature, period_start];
    await rows(
      `insert into usage_counters as u (tenant_id, feature, period_start) values ($1, $2, $3)
       on conflict (tenant_id, feature, period_start) do update set used = u.used`,
      key,
    );
    const [found] = await rows<CounterCompared>(differing(COUNTERS, 'feature = $2 and period_start = $3'), [
      [tenantId],
      feature,
      period_start,
    ]);
    if (!found) return 0;
    const { used, held, grantedUsed, grantedHeld } = found.recomputed;
    await rows(
      `update usage_counters set used = $4, held = $5, granted_used = $6, granted_held = $7
       where tenant_id = $1 and feature = $2 and period_start = $3`,
      [...key, used, held, grantedUsed, grantedHeld],
    );
    await record(rows, found, { type: 'UsageCounter', id: `${feature} ${period_start.toISOString()}` }, log);
    return 1;
  });

const repairGrant = (db: SystemDatabase, grant: GrantCompared, log: Logger): Promise<number> =>
  db.transaction(async (rows) => {
    const { tenant_id: tenantId, grant_id: grantId } = grant;
    await rows('select from feature_grant_balances where tenant_id = $1 and grant_id = $2 for update', [
      tenantId,
      grantId,
    ]);
    const [found] = await rows<GrantCompared>(differing(GRANTS, 'grant_id = $2'), [[tenantId], grantId]);
    if (!found) return 0;
    const { used, held } = found.recomputed;
    await rows('update feature_grant_balances set used = $3, held = $4 where tenant_id = $1 and grant_id = $2', [
      tenantId,
      grantId,
      used,
      held,
    ]);
    await record(rows, found, { type: 'FeatureGrant', id: grantId }, log);
    return 1;
  });

/** Nothing of ours leaves a difference: someone wrote to the database, or a part of it was restored. */
async function record(
  rows: Rows,
  { tenant_id: tenantId, stored, recomputed }: Compared,
  subject: { readonly type: string; readonly id: string },
  log: Logger,
): Promise<void> {
  log.error({ event: 'balance repaired', tenant: tenantId, subject, stored, recomputed });
  await appendAudit(rows, {
    tenantId,
    origin: OPERATOR,
    action: 'identity.recompute-balances',
    outcome: 'success',
    subject,
    details: { stored, recomputed },
  });
}
