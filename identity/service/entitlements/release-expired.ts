import type { TenantId } from '@inevitable/contract';
import { BATCH } from '../store/in-batches.js';
import type { SystemDatabase } from '../store/system-database.js';

/**
 * Those that ended first are found in the index of open reservations, whose order is theirs: no other is read. They are locked
 * by id: two at once meet at the first row, one waits for the other, and none deadlocks, neither over reservations nor over
 * balances of grants nor over the counters of two periods. What came from a grant goes back to it, even where that has
 * expired meanwhile: then nobody burns it any more.
 */
const RELEASE_EXPIRED = `
  with overdue as materialized (
    select id from reservations where tenant_id = $1 and feature = $2 and state = 'reserved' and expires_at <= stack_now()
    order by expires_at limit ${BATCH}
  ), due as materialized (
    select id from reservations where tenant_id = $1 and id = any (array(select id from overdue)) and state = 'reserved'
    order by id for update
  ), parts as materialized (
    select p.reservation_id, p.grant_id, p.amount
    from due join reservation_grants p on p.tenant_id = $1 and p.reservation_id = due.id
  ), locked as materialized (
    select b.grant_id from feature_grant_balances b where b.tenant_id = $1 and b.grant_id in (select grant_id from parts)
    order by b.grant_id for update
  ), expired as (
    update reservations r set state = 'expired', settled_at = stack_now() from due
    where r.tenant_id = $1 and r.id = due.id and (select count(*) from locked) >= 0
    returning r.period_start, r.amount, r.granted
  ), noted as (
    update reservation_grants r set actual = 0
    from parts p where r.tenant_id = $1 and r.reservation_id = p.reservation_id and r.grant_id = p.grant_id
  ), returned as (
    update feature_grant_balances b set held = b.held - p.amount
    from (select grant_id, sum(amount)::bigint as amount from parts group by grant_id) p
    where b.tenant_id = $1 and b.grant_id = p.grant_id
  ), given_back as (
    update usage_counters u set held = u.held - e.of_quota, granted_held = u.granted_held - e.of_grants
    from (
      select period_start, sum(amount - granted)::bigint as of_quota, sum(granted)::bigint as of_grants
      from expired group by period_start
    ) e
    where u.tenant_id = $1 and u.feature = $2 and u.period_start = e.period_start
  )
  select count(*)::int as released, (select count(*) from overdue) = ${BATCH} as more from expired`;

/**
 * Gives back what a feature's reservations hold past their 15 minutes; answers how many did. Rejects with the reason of
 * `signal` between two batches.
 */
export async function releaseExpired(
  { prepared }: SystemDatabase,
  tenantId: TenantId,
  feature: string,
  signal?: AbortSignal,
): Promise<number> {
  let released = 0;
  // As many as were found, and not as were released: another may have released the same ones, and not those behind them.
  for (let more = true; more;) {
    signal?.throwIfAborted();
    const [batch] = await prepared<{ released: number; more: boolean }>(RELEASE_EXPIRED, [tenantId, feature]);
    released += batch!.released;
    more = batch!.more;
  }
  return released;
}
