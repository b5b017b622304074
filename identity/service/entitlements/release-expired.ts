import type { TenantId } from '@inevitable/contract';
import type { SystemDatabase } from '../store/system-database.js';

/** Gives back what a feature's reservations hold past their 15 minutes. */
export async function releaseExpired({ rows }: SystemDatabase, tenantId: TenantId, feature: string): Promise<void> {
  await rows(
    `with due as (
       select id from reservations where tenant_id = $1 and feature = $2 and state = 'reserved' and expires_at <= stack_now()
       order by id for update -- in one order, so that two at once wait for each other and do not deadlock
     ), expired as (
       update reservations r set state = 'expired', settled_at = stack_now() from due
       where r.tenant_id = $1 and r.id = due.id returning r.period_start, r.amount
     )
     update usage_counters u set held = u.held - e.amount
     from (select period_start, sum(amount)::bigint as amount from expired group by period_start) e
     where u.tenant_id = $1 and u.feature = $2 and u.period_start = e.period_start`,
    [tenantId, feature],
  );
}
