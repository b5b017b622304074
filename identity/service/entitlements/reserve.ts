import { BadUserInput, type ReserveOutcome, type ReserveRequest } from '@inevitable/contract';
import type { SystemDatabase } from '../store/system-database.js';
import { holdTogether, type Held } from './hold.js';
import { releaseExpired } from './release-expired.js';
import { usage } from './usage.js';

/**
 * Holds `amount` of a metered feature for 15 minutes, never past what the tenant has: the period's quota, then its grants. What
 * nobody settled in time is given back before anyone burns a grant or is refused. Throws `BadUserInput` for an amount that is
 * no whole number from 1.
 */
export function reserveWith(db: SystemDatabase): (request: ReserveRequest) => Promise<ReserveOutcome> {
  const hold = holdTogether(db);
  return async (request) => {
    if (!Number.isSafeInteger(request.amount) || request.amount < 1)
      throw new BadUserInput('What is reserved is a whole number from 1.', 'amount');
    for (;;) {
      const outcome = await hold(request);
      switch (outcome.kind) {
        case 'held':
          return reserved(outcome.held);
        case 'overdue':
          await releaseExpired(db, request.tenantId, request.feature);
          continue;
        case 'raced': // for what a snapshot said was left: the next one says otherwise
          continue;
        case 'known':
        case 'exceeded':
        case 'notMetered':
          return earlierOrRefused(db, request);
      }
    }
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

async function earlierOrRefused(
  db: SystemDatabase,
  { tenantId, feature, idempotencyKey }: ReserveRequest,
): Promise<ReserveOutcome> {
  const [held] = await db.prepared<Held>(EARLIER, [tenantId, feature, idempotencyKey]);
  if (held) return reserved(held);
  const metered = await usage(db, tenantId, feature);
  return metered ? { kind: 'exceeded', limit: metered.limit, resetsAt: metered.resetsAt } : { kind: 'notEntitled' };
}
