import {
  BadUserInput,
  isUuid,
  RESERVATIONS_PAGE,
  type Reservation,
  type ReservationsRequest,
  type ReservationState,
} from '@inevitable/contract';
import type { SystemDatabase } from '../store/system-database.js';
import { BEFORE_ALL } from '../store/nil-id.js';
import { METERED_FEATURE } from './metered-feature.js';

/**
 * A page from each period and stored state, in the order of `reservations_ledger_idx`, and the first of them all together:
 * at most eight pages are read, however long the ledger is. What a tenant reserved before its plan lost the feature is in
 * months. An open reservation past its 15 minutes counts as expired, whether or not the sweep was there.
 */
const LEDGER = `
  with feature as (${METERED_FEATURE}), since as (
    select period, period_before from feature
    union all
    select m at time zone 'UTC', (m - interval '1 month') at time zone 'UTC'
    from date_trunc('month', stack_now() at time zone 'UTC') m where not exists (select from feature)
  )
  select page.* from since cross join lateral (values (since.period), (since.period_before)) as period (start)
    cross join unnest($3::text[]) as stored (state)
    cross join lateral (
      select r.id, r.amount, r.actual, r.idempotency_key, r.created_at,
        case when r.state = 'reserved' and r.expires_at <= stack_now() then 'expired' else r.state end as state
      from reservations r
      where r.tenant_id = $1 and r.feature = $2 and r.period_start = period.start and r.state = stored.state and r.id > $4
        and ($5::uuid[] is null or r.id = any($5))
        and ($6::text is null or r.state <> 'reserved' or (r.expires_at <= stack_now()) = ($6 = 'expired'))
      order by r.id limit ${RESERVATIONS_PAGE}
    ) page
  order by page.id limit ${RESERVATIONS_PAGE}`;

/** In which stored states a reservation of that state can be. */
const STORED: Readonly<Record<ReservationState, readonly ReservationState[]>> = {
  reserved: ['reserved'],
  committed: ['committed'],
  released: ['released'],
  expired: ['expired', 'reserved'],
};
const EVERY_STATE = Object.keys(STORED);

interface ReservationRow {
  readonly id: string;
  readonly state: ReservationState;
  readonly amount: string;
  readonly actual: string | null;
  readonly idempotency_key: string;
  readonly created_at: Date;
}

/** A page of `EntitlementsPort.reservations`. Throws `BadUserInput` for too many ids, and for what is none. */
export async function listReservations(
  { rows }: SystemDatabase,
  { tenantId, feature, ids, state, after }: ReservationsRequest,
): Promise<readonly Reservation[]> {
  if (ids && ids.length > RESERVATIONS_PAGE)
    throw new BadUserInput(`At most ${RESERVATIONS_PAGE} reservations can be asked for at once.`, 'ids');
  if (ids && !ids.every(isUuid)) throw new BadUserInput('That is not the id of a reservation.', 'ids');
  if (after !== null && !isUuid(after)) throw new BadUserInput('That is not the id of a reservation.', 'after');
  const page = await rows<ReservationRow>(LEDGER, [
    tenantId,
    feature,
    state ? STORED[state] : EVERY_STATE,
    after ?? BEFORE_ALL,
    ids ?? null,
    state ?? null,
  ]);
  return page.map(({ id, state, amount, actual, idempotency_key, created_at }) => ({
    id,
    state,
    amount: Number(amount),
    actual: actual === null ? null : Number(actual),
    idempotencyKey: idempotency_key,
    createdAt: created_at.toISOString(),
  }));
}
