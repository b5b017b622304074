import type { Feature, ReserveOutcome, ReserveRequest } from '@inevitable/contract';
import { newId } from '@inevitable/kit';
import { isDuplicate, type SystemDatabase } from '../store/system-database.js';
import { releaseExpired } from './release-expired.js';

/**
 * Holds `amount` of a metered feature for 15 minutes, never past the plan's limit. What nobody settled in time is given
 * back before anyone is refused.
 */
export async function reserve(db: SystemDatabase, request: ReserveRequest): Promise<ReserveOutcome> {
  const first = (await hold(db, request)) ?? (await whyNot(db, request));
  if (first.kind !== 'exceeded') return first;
  await releaseExpired(db, request.tenantId, request.feature);
  return (await hold(db, request)) ?? (await whyNot(db, request));
}

/**
 * The counter's row decides: PostgreSQL evaluates the condition on its latest version, under its lock. A sum over the
 * reservations would be read from a snapshot that racing reservations are not in.
 */
const HOLD = `
  with feature as (
    select (f.definition ->> 'limit')::bigint as quota, date_trunc(f.definition ->> 'per', stack_now(), 'UTC') as period
    from tenants t join plan_features f on f.plan = t.plan
    where t.id = $1 and f.feature = $2 and f.definition ->> 'kind' = 'metered'
  ), held as (
    insert into usage_counters (tenant_id, feature, period_start, held)
    select $1, $2, period, $3::bigint from feature
    where $3::bigint <= quota
      and not exists (select from reservations r where r.tenant_id = $1 and r.feature = $2 and r.idempotency_key = $4)
    on conflict (tenant_id, feature, period_start) do update set held = usage_counters.held + excluded.held
      where usage_counters.used + usage_counters.held + excluded.held <= (select quota from feature)
    returning period_start
  )
  insert into reservations (tenant_id, id, feature, amount, idempotency_key, period_start, expires_at)
  select $1, $5, $2, $3::bigint, $4, period_start, stack_now() + interval '15 minutes' from held
  returning id, expires_at`;

interface Held {
  readonly id: string;
  readonly expires_at: Date;
}

const reserved = ({ id, expires_at }: Held): ReserveOutcome => ({
  kind: 'reserved',
  reservationId: id,
  expiresAt: expires_at.toISOString(),
});

async function hold({ rows }: SystemDatabase, request: ReserveRequest): Promise<ReserveOutcome | null> {
  const { tenantId, feature, amount, idempotencyKey } = request;
  try {
    const [held] = await rows<Held>(HOLD, [tenantId, feature, amount, idempotencyKey, newId()]);
    return held ? reserved(held) : null;
  } catch (error) {
    if (isDuplicate(error)) return null; // two under one key at once: the other one holds it, and this left nothing
    throw error;
  }
}

async function whyNot({ rows }: SystemDatabase, request: ReserveRequest): Promise<ReserveOutcome> {
  const { tenantId, feature, idempotencyKey } = request;
  const [earlier] = await rows<Held>(
    'select id, expires_at from reservations where tenant_id = $1 and feature = $2 and idempotency_key = $3',
    [tenantId, feature, idempotencyKey],
  );
  if (earlier) return reserved(earlier);

  const [metered] = await rows<{ definition: Feature & { kind: 'metered' }; resets_at: Date }>(
    `select f.definition, (date_trunc(f.definition ->> 'per', stack_now() at time zone 'UTC')
       + ('1 ' || (f.definition ->> 'per'))::interval) at time zone 'UTC' as resets_at
     from tenants t join plan_features f on f.plan = t.plan
     where t.id = $1 and f.feature = $2 and f.definition ->> 'kind' = 'metered'`,
    [tenantId, feature],
  );
  if (!metered) return { kind: 'notEntitled' };
  return { kind: 'exceeded', limit: metered.definition.limit, resetsAt: metered.resets_at.toISOString() };
}
