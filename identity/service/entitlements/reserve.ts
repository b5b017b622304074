import { BadUserInput, type ReserveOutcome, type ReserveRequest } from '@inevitable/contract';
import { newId } from '@inevitable/kit';
import { isDuplicate, type SystemDatabase } from '../store/system-database.js';
import { HOLD_WITH_GRANTS, OPEN_COUNTER } from './hold-with-grants.js';
import { METERED_FEATURE } from './metered-feature.js';
import { releaseExpired } from './release-expired.js';
import { usage } from './usage.js';

/**
 * Holds `amount` of a metered feature for 15 minutes, never past what the tenant has: the period's quota, then its grants
 * (hold-with-grants.ts). What nobody settled in time is given back before anyone burns a grant or is refused. Throws
 * `BadUserInput` for an amount that is no whole number from 1.
 */
export async function reserve(db: SystemDatabase, request: ReserveRequest): Promise<ReserveOutcome> {
  if (!Number.isSafeInteger(request.amount) || request.amount < 1)
    throw new BadUserInput('What is reserved is a whole number from 1.', 'amount');
  return (
    (await hold(db, HOLD, request)) ??
    (await earlier(db, request)) ??
    (await holdWithGrants(db, request)) ??
    whyNot(db, request)
  );
}

/**
 * Of the quota alone: nearly every reservation, in one statement. The counter's row decides: PostgreSQL evaluates the
 * condition on its latest version, under its lock. A sum over the reservations would be read from a snapshot that racing
 * reservations are not in.
 */
const HOLD = `
  with feature as (${METERED_FEATURE}), held as (
    insert into usage_counters (tenant_id, feature, period_start, held)
    select $1, $2, period, $3::bigint from feature
    where $3::bigint <= quota
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

async function hold(
  { prepared }: SystemDatabase,
  statement: typeof HOLD | typeof HOLD_WITH_GRANTS,
  request: ReserveRequest,
): Promise<ReserveOutcome | null> {
  const { tenantId, feature, amount, idempotencyKey } = request;
  try {
    const [held] = await prepared<Held>(statement, [tenantId, feature, amount, idempotencyKey, newId()]);
    return held ? reserved(held) : null;
  } catch (error) {
    if (isDuplicate(error)) return null; // two under one key at once: the other one holds it, and this left nothing
    throw error;
  }
}

/** What was reserved under this key before, whatever became of it. */
async function earlier({ prepared }: SystemDatabase, request: ReserveRequest): Promise<ReserveOutcome | null> {
  const { tenantId, feature, idempotencyKey } = request;
  const [held] = await prepared<Held>(
    'select id, expires_at from reservations where tenant_id = $1 and feature = $2 and idempotency_key = $3',
    [tenantId, feature, idempotencyKey],
  );
  return held ? reserved(held) : null;
}

async function holdWithGrants(db: SystemDatabase, request: ReserveRequest): Promise<ReserveOutcome | null> {
  const { tenantId, feature } = request;
  await releaseExpired(db, tenantId, feature);
  await db.prepared(OPEN_COUNTER, [tenantId, feature]);
  return hold(db, HOLD_WITH_GRANTS, request);
}

async function whyNot(db: SystemDatabase, request: ReserveRequest): Promise<ReserveOutcome> {
  const held = await earlier(db, request); // by whoever asked under the same key at the same time
  if (held) return held;
  const metered = await usage(db, request.tenantId, request.feature);
  return metered ? { kind: 'exceeded', limit: metered.limit, resetsAt: metered.resetsAt } : { kind: 'notEntitled' };
}
