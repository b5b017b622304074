import { BadUserInput, type ReserveOutcome, type ReserveRequest } from '@inevitable/contract';
import { newId } from '@inevitable/kit';
import { isDuplicate, type SystemDatabase } from '../store/system-database.js';
import { holdOfQuota, type Held } from './hold-of-quota.js';
import { HOLD_WITH_GRANTS, OPEN_COUNTER } from './hold-with-grants.js';
import { METERED_FEATURE } from './metered-feature.js';
import { releaseExpired } from './release-expired.js';
import { usage } from './usage.js';

/**
 * Holds `amount` of a metered feature for 15 minutes, never past what the tenant has: the period's quota, then its grants
 * (hold-with-grants.ts). What nobody settled in time is given back before anyone burns a grant or is refused. Throws
 * `BadUserInput` for an amount that is no whole number from 1.
 */
export function reserveWith(db: SystemDatabase): (request: ReserveRequest) => Promise<ReserveOutcome> {
  const ofQuota = holdOfQuota(db);
  return async (request) => {
    if (!Number.isSafeInteger(request.amount) || request.amount < 1)
      throw new BadUserInput('What is reserved is a whole number from 1.', 'amount');
    const held = (await ofQuota(request)) ?? (await holdAlone(db, request));
    return held ? reserved(held) : whyNot(db, request);
  };
}

const reserved = ({ id, expires_at }: Held): ReserveOutcome => ({
  kind: 'reserved',
  reservationId: id,
  expiresAt: expires_at.toISOString(),
});

/** Under this key before, whatever became of it. */
const EARLIER =
  'select id, expires_at from reservations where tenant_id = $1 and feature = $2 and idempotency_key = $3';

/**
 * What must be known before a grant is burned. `min` reads one entry of the index of open reservations, however many are
 * open: the one that ends first.
 */
const LOOK = `
  select e.id, e.expires_at, o.first <= stack_now() as overdue,
    exists (
      select from (${METERED_FEATURE}) f
        join usage_counters u on u.tenant_id = $1 and u.feature = $2 and u.period_start = f.period
    ) as opened
  from (
    select min(expires_at) as first from reservations where tenant_id = $1 and feature = $2 and state = 'reserved'
  ) o left join (${EARLIER}) e on true`;

interface Look {
  readonly id: string | null;
  readonly expires_at: Date | null;
  readonly overdue: boolean | null;
  readonly opened: boolean;
}

async function holdAlone(db: SystemDatabase, request: ReserveRequest): Promise<Held | null> {
  const { tenantId, feature, amount, idempotencyKey } = request;
  const [look] = await db.prepared<Look>(LOOK, [tenantId, feature, idempotencyKey]);
  const { id, expires_at, overdue, opened } = look!;
  if (id && expires_at) return { id, expires_at };
  if (overdue) await releaseExpired(db, tenantId, feature);
  if (!opened) await db.prepared(OPEN_COUNTER, [tenantId, feature]);
  try {
    const [held] = await db.prepared<Held>(HOLD_WITH_GRANTS, [tenantId, feature, amount, idempotencyKey, newId()]);
    return held ?? null;
  } catch (error) {
    if (isDuplicate(error)) return null; // two under one key at once: the other one holds it, and this left nothing
    throw error;
  }
}

async function whyNot(
  db: SystemDatabase,
  { tenantId, feature, idempotencyKey }: ReserveRequest,
): Promise<ReserveOutcome> {
  const [held] = await db.prepared<Held>(EARLIER, [tenantId, feature, idempotencyKey]);
  if (held) return reserved(held); // by whoever asked under the same key at the same time
  const metered = await usage(db, tenantId, feature);
  return metered ? { kind: 'exceeded', limit: metered.limit, resetsAt: metered.resetsAt } : { kind: 'notEntitled' };
}
