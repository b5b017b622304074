import { BadUserInput, type ReserveOutcome, type ReserveRequest } from '@inevitable/contract';
import { newId } from '@inevitable/kit';
import { isDuplicate, type SystemDatabase } from '../store/system-database.js';
import { METERED_FEATURE } from './metered-feature.js';
import { releaseExpired } from './release-expired.js';

/**
 * Holds `amount` of a metered feature for 15 minutes, never past the plan's limit. What nobody settled in time is given
 * back before anyone is refused. Throws `BadUserInput` for an amount that is no whole number from 1.
 */
export async function reserve(db: SystemDatabase, request: ReserveRequest): Promise<ReserveOutcome> {
  if (!Number.isSafeInteger(request.amount) || request.amount < 1)
    throw new BadUserInput('What is reserved is a whole number from 1.', 'amount');
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
  with feature as (${METERED_FEATURE}), held as (
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

  const [metered] = await rows<{ quota: string; resets_at: Date }>(METERED_FEATURE, [tenantId, feature]);
  if (!metered) return { kind: 'notEntitled' };
  return { kind: 'exceeded', limit: Number(metered.quota), resetsAt: metered.resets_at.toISOString() };
}
