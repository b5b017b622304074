import type { FeatureUsage, TenantId } from '@inevitable/contract';
import type { SystemDatabase } from '../store/system-database.js';
import { METERED_FEATURE } from './metered-feature.js';

/**
 * The counter holds what every open reservation does; what is past its 15 minutes and not swept yet is taken off, because
 * the next one who reserves gets it. One statement, hence one snapshot.
 */
const USAGE = `
  with feature as (${METERED_FEATURE})
  select f.quota, f.resets_at, coalesce(u.used, 0) as used,
    coalesce(u.held, 0) - coalesce((
      select sum(r.amount) from reservations r
      where r.tenant_id = $1 and r.feature = $2 and r.state = 'reserved' and r.expires_at <= stack_now()
        and r.period_start = f.period), 0) as held
  from feature f
    left join usage_counters u on u.tenant_id = $1 and u.feature = $2 and u.period_start = f.period`;

interface UsageRow {
  readonly quota: string;
  readonly used: string;
  readonly held: string;
  readonly resets_at: Date;
}

/** What is used and held of a feature in the period that runs; null where the tenant's plan does not meter it. */
export async function usage(
  { rows }: SystemDatabase,
  tenantId: TenantId,
  feature: string,
): Promise<FeatureUsage | null> {
  const [found] = await rows<UsageRow>(USAGE, [tenantId, feature]);
  if (!found) return null;
  return {
    used: Number(found.used),
    held: Number(found.held),
    limit: Number(found.quota),
    resetsAt: found.resets_at.toISOString(),
  };
}
