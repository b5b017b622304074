import { BadUserInput, type TenantId } from '@inevitable/contract';
import type { SystemDatabase } from '../store/system-database.js';

/** SQL that settles one open reservation and moves its amount in the counter of its own period. */
const settle = (state: 'committed' | 'released', actual: string): string => `
  with settled as (
    update reservations set state = '${state}', actual = ${actual}, settled_at = stack_now()
    where tenant_id = $1 and id = $2 and state = 'reserved' and expires_at > stack_now() and ${actual} <= amount
    returning feature, period_start, amount, actual
  )
  update usage_counters u set held = u.held - s.amount, used = u.used + s.actual
  from settled s where u.tenant_id = $1 and u.feature = s.feature and u.period_start = s.period_start
  returning u.feature`;

const COMMIT = settle('committed', '$3::bigint');
const RELEASE = settle('released', '0');

/**
 * Turns what is held into what is used. True again for one that is committed already: a job that was killed after its
 * commit runs it twice. Throws `BadUserInput` for more than was reserved, and for what is no whole number from 0.
 */
export async function commit(
  { rows }: SystemDatabase,
  tenantId: TenantId,
  reservationId: string,
  actual: number,
): Promise<boolean> {
  if (!Number.isSafeInteger(actual) || actual < 0)
    throw new BadUserInput('What was used is a whole number from 0.', 'actual');
  if ((await rows(COMMIT, [tenantId, reservationId, actual])).length > 0) return true;
  const [reservation] = await rows<{ committed: boolean; exceeded: boolean }>(
    `select state = 'committed' as committed, $3::bigint > amount as exceeded from reservations where tenant_id = $1 and id = $2`,
    [tenantId, reservationId, actual],
  );
  if (reservation?.exceeded) throw new BadUserInput('More was used than was reserved.', 'actual');
  return reservation?.committed ?? false;
}

/** Gives back what is held. False: the reservation is unknown or settled. */
export async function release({ rows }: SystemDatabase, tenantId: TenantId, reservationId: string): Promise<boolean> {
  return (await rows(RELEASE, [tenantId, reservationId])).length > 0;
}
