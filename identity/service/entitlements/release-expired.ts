import type { TenantId } from '@inevitable/contract';
import { BATCH, inBatches } from '../store/in-batches.js';
import type { SystemDatabase } from '../store/system-database.js';

/**
 * The lowest ids first: two at once meet at the first row, one waits for the other, and none deadlocks, neither over
 * reservations nor over the counters of two periods.
 */
const RELEASE_EXPIRED = `
  with due as (
    select id from reservations where tenant_id = $1 and feature = $2 and state = 'reserved' and expires_at <= stack_now()
    order by id limit ${BATCH} for update
  ), expired as (
    update reservations r set state = 'expired', settled_at = stack_now() from due
    where r.tenant_id = $1 and r.id = due.id returning r.period_start, r.amount
  ), given_back as (
    update usage_counters u set held = u.held - e.amount
    from (select period_start, sum(amount)::bigint as amount from expired group by period_start) e
    where u.tenant_id = $1 and u.feature = $2 and u.period_start = e.period_start
  )
  select count(*)::int as released from expired`;

/** Gives back what a feature's reservations hold past their 15 minutes; answers how many did. */
export function releaseExpired(
  { rows }: SystemDatabase,
  tenantId: TenantId,
  feature: string,
  signal?: AbortSignal,
): Promise<number> {
  return inBatches(async () => {
    const [settled] = await rows<{ released: number }>(RELEASE_EXPIRED, [tenantId, feature]);
    return settled!.released;
  }, signal);
}
