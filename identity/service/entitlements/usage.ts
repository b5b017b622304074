import type { FeatureUsage, TenantId } from '@inevitable/contract';
import type { SystemDatabase } from '../store/system-database.js';
import { burnsWith } from './burns-with.js';
import { METERED_FEATURE } from './metered-feature.js';

/**
 * The counter holds what every open reservation does; what is past its 15 minutes and not swept yet is taken off, because
 * the next one who reserves gets it. One statement, hence one snapshot. What is overdue is looked for in every period: the
 * index of the ledger, which the period leads to, has all that are open.
 */
const USAGE = `
  with feature as (${METERED_FEATURE}), overdue as materialized (
    select r.id, r.period_start, r.amount - r.granted as of_quota, r.granted as of_grants from reservations r
    where r.tenant_id = $1 and r.feature = $2 and r.state = 'reserved' and r.expires_at <= (select now from feature)
  ), unswept as (
    select coalesce(sum(o.of_quota), 0) as of_quota, coalesce(sum(o.of_grants), 0) as of_grants
    from feature f join overdue o on o.period_start = f.period
  ), unswept_parts as (
    select p.grant_id, sum(p.amount) as amount
    from overdue o join reservation_grants p on p.tenant_id = $1 and p.reservation_id = o.id
    group by p.grant_id
  ), left_over as (
    select coalesce(sum(g.amount - b.used - o.held), 0) as of_grants
    from feature_grants g join feature_grant_balances b on b.tenant_id = g.tenant_id and b.grant_id = g.id
      left join unswept_parts p on p.grant_id = g.id
      cross join lateral (select b.held - coalesce(p.amount, 0) as held) o
    where g.tenant_id = $1 and g.feature = $2 and ${burnsWith('o.held')}
  )
  select f.quota, f.resets_at, coalesce(u.used, 0) as used, coalesce(u.held, 0) - o.of_quota as held,
    coalesce(u.granted_used, 0) as granted_used, coalesce(u.granted_held, 0) - o.of_grants as granted_held,
    l.of_grants as left_over
  from feature f cross join unswept o cross join left_over l
    left join usage_counters u on u.tenant_id = $1 and u.feature = $2 and u.period_start = f.period`;

interface UsageRow {
  readonly quota: string;
  readonly resets_at: Date;
  /** Of the quota, and of grants in this period. */
  readonly used: string;
  readonly held: string;
  readonly granted_used: string;
  readonly granted_held: string;
  /** Of grants that can still be burned. */
  readonly left_over: string;
}

/** What is used and held of a feature in the period that runs; null where it is not metered for the tenant. */
export async function usage(
  { rows }: SystemDatabase,
  tenantId: TenantId,
  feature: string,
): Promise<FeatureUsage | null> {
  const [found] = await rows<UsageRow>(USAGE, [tenantId, feature]);
  if (!found) return null;
  const [used, held, leftOver] = [Number(found.used), Number(found.held), Number(found.left_over)];
  const burned = { used: Number(found.granted_used), held: Number(found.granted_held) };
  // A quota that was made smaller than what is used of it already takes nothing from the grants.
  const quota = leftOver > 0 ? Math.max(Number(found.quota), used + held) : Number(found.quota);
  return {
    used: used + burned.used,
    held: held + burned.held,
    limit: quota + burned.used + burned.held + leftOver,
    resetsAt: found.resets_at.toISOString(),
  };
}
