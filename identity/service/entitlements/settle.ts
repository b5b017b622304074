import { BadUserInput, type TenantId } from '@inevitable/contract';
import type { SystemDatabase } from '../store/system-database.js';

type Settled = 'committed' | 'released';

/** SQL that settles one open reservation of the quota alone, and moves its amount in the counter of its own period. */
const settle = (state: Settled, actual: string): string => `
  with settled as (
    update reservations set state = '${state}', actual = ${actual}, settled_at = stack_now()
    where tenant_id = $1 and id = $2 and state = 'reserved' and expires_at > stack_now() and ${actual} <= amount
      and granted = 0
    returning feature, period_start, amount, actual
  )
  update usage_counters u set held = u.held - s.amount, used = u.used + s.actual
  from settled s where u.tenant_id = $1 and u.feature = s.feature and u.period_start = s.period_start
  returning u.feature`;

/**
 * SQL that settles one that came from grants as well: what was used burns in the order in which it was taken, the quota
 * first, and the rest goes back to where it was. Locks as everyone does: the reservation, balances by id, the counter.
 */
const settleGranted = (state: Settled, actual: string): string => `
  with due as materialized (
    select id, amount - granted as of_quota, ${actual} as actual from reservations
    where tenant_id = $1 and id = $2 and state = 'reserved' and expires_at > stack_now() and ${actual} <= amount
      and granted > 0
    for update
  ), locked as materialized (
    select b.grant_id from feature_grant_balances b
      join reservation_grants p on p.tenant_id = $1 and p.reservation_id = (select id from due) and p.grant_id = b.grant_id
    where b.tenant_id = $1
    order by b.grant_id for update of b
  ), parts as materialized (
    select p.grant_id, p.amount, greatest(least(p.amount, d.actual - d.of_quota - p.before), 0)::bigint as actual
    from due d cross join (
      select grant_id, amount, sum(amount) over (order by position) - amount as before
      from reservation_grants where tenant_id = $1 and reservation_id = $2
    ) p
  ), settled as (
    update reservations r set state = '${state}', actual = d.actual, settled_at = stack_now()
    from due d where r.tenant_id = $1 and r.id = d.id and (select count(*) from locked) > 0
    returning r.feature, r.period_start, r.granted, d.of_quota, d.actual
  ), noted as (
    update reservation_grants r set actual = p.actual
    from parts p where r.tenant_id = $1 and r.reservation_id = $2 and r.grant_id = p.grant_id
  ), returned as (
    update feature_grant_balances b set held = b.held - p.amount, used = b.used + p.actual
    from parts p where b.tenant_id = $1 and b.grant_id = p.grant_id
  )
  update usage_counters u set
    held = u.held - s.of_quota, used = u.used + least(s.actual, s.of_quota),
    granted_held = u.granted_held - s.granted, granted_used = u.granted_used + greatest(s.actual - s.of_quota, 0)
  from settled s where u.tenant_id = $1 and u.feature = s.feature and u.period_start = s.period_start
  returning u.feature`;

const COMMIT = [settle('committed', '$3::bigint'), settleGranted('committed', '$3::bigint')];
const RELEASE = [settle('released', '0'), settleGranted('released', '0')];

/** The second statement of a kind is sent where the first one settled nothing. */
async function settled(
  { prepared }: SystemDatabase,
  statements: readonly string[],
  values: unknown[],
): Promise<boolean> {
  for (const statement of statements) if ((await prepared(statement, values)).length > 0) return true;
  return false;
}

/**
 * Turns what is held into what is used. True again for one that is committed already: a job that was killed after its
 * commit runs it twice. Throws `BadUserInput` for more than was reserved, and for what is no whole number from 0.
 */
export async function commit(
  db: SystemDatabase,
  tenantId: TenantId,
  reservationId: string,
  actual: number,
): Promise<boolean> {
  if (!Number.isSafeInteger(actual) || actual < 0)
    throw new BadUserInput('What was used is a whole number from 0.', 'actual');
  if (await settled(db, COMMIT, [tenantId, reservationId, actual])) return true;
  const [reservation] = await db.rows<{ committed: boolean; exceeded: boolean }>(
    `select state = 'committed' as committed, $3::bigint > amount as exceeded from reservations where tenant_id = $1 and id = $2`,
    [tenantId, reservationId, actual],
  );
  if (reservation?.exceeded) throw new BadUserInput('More was used than was reserved.', 'actual');
  return reservation?.committed ?? false;
}

/** Gives back what is held. False: the reservation is unknown or settled. */
export const release = (db: SystemDatabase, tenantId: TenantId, reservationId: string): Promise<boolean> =>
  settled(db, RELEASE, [tenantId, reservationId]);
