import type { ReserveRequest } from '@inevitable/contract';
import { newId } from '@inevitable/kit';
import { gathered } from '../store/gathered.js';
import { isDuplicate, type SystemDatabase } from '../store/system-database.js';
import { METERED_FEATURE } from './metered-feature.js';

/** A reservation as it is stored. */
export interface Held {
  readonly id: string;
  readonly expires_at: Date;
}

/** Reservations in one statement: more of them hold the counter's lock longer than they save. */
const TOGETHER = 100;

/**
 * Of the quota alone, of one tenant and feature: nearly every reservation, in one statement. All of them or none. The
 * counter's row decides: PostgreSQL evaluates the condition on its latest version, under its lock. A sum over the
 * reservations would be read from a snapshot that racing reservations are not in. What the snapshot says of the counter
 * spares the lock where the quota is used up.
 */
const HOLD = `
  with feature as (${METERED_FEATURE}), held as (
    insert into usage_counters (tenant_id, feature, period_start, held)
    select $1, $2, f.period, a.amount
    from feature f cross join (select sum(amount)::bigint as amount from unnest($4::bigint[]) amount) a
      left join usage_counters u on u.tenant_id = $1 and u.feature = $2 and u.period_start = f.period
    where coalesce(u.used + u.held, 0) + a.amount <= f.quota
    on conflict (tenant_id, feature, period_start) do update set held = usage_counters.held + excluded.held
      where usage_counters.used + usage_counters.held + excluded.held <= (select quota from feature)
    returning period_start
  )
  insert into reservations (tenant_id, id, feature, amount, idempotency_key, period_start, created_at, expires_at)
  select $1, a.id, $2, a.amount, a.key, h.period_start, f.now, f.now + interval '15 minutes'
  from held h cross join feature f cross join unnest($3::uuid[], $4::bigint[], $5::text[]) a (id, amount, key)
  returning id, expires_at`;

/**
 * Holds what is asked for where the quota alone has it. Who wants the same counter at once in this process goes together:
 * one lock and one commit for all of them, and one connection of the pool, however many ask for a tenant. null: not held so;
 * the quota has not enough for all of them, or a key was used before. Then each finds out alone.
 */
export function holdOfQuota({ prepared }: SystemDatabase): (request: ReserveRequest) => Promise<Held | null> {
  const hold = gathered(TOGETHER, async (requests: readonly ReserveRequest[]): Promise<readonly (Held | null)[]> => {
    const { tenantId, feature } = requests[0]!;
    const ids = requests.map(() => newId());
    const amounts = requests.map(({ amount }) => amount);
    const keys = requests.map(({ idempotencyKey }) => idempotencyKey);
    try {
      const held = await prepared<Held>(HOLD, [tenantId, feature, ids, amounts, keys]);
      const byId = new Map(held.map((one) => [one.id, one]));
      return ids.map((id) => byId.get(id) ?? null);
    } catch (error) {
      // Nothing was held. What one of several did wrong is nothing to the others.
      if (requests.length > 1 || isDuplicate(error)) return requests.map(() => null);
      throw error;
    }
  });
  return (request) => hold(`${request.tenantId} ${request.feature}`, request);
}
