import type { PlatformForgeRun } from '../../context.js';
import type { Generation } from '../../generated/prisma/client.js';
import { renewReservation } from './renew-reservation.js';

/** Each was made by a process that died before it could commit it, and more than 15 minutes before the next. */
const MOST_RENEWALS = 10;

/**
 * Commits what a generation that succeeded has reserved, or what is reserved in its place; answers the reservation that
 * is committed. However often and by however many this is done, one is charged. Throws `QuotaExceeded` and `NotEntitled`.
 */
export async function chargeGeneration(
  generation: Generation,
  { db, entitlements }: Pick<PlatformForgeRun<unknown>, 'db' | 'entitlements'>,
): Promise<string> {
  let current = generation;
  for (let renewed = 0; renewed <= MOST_RENEWALS; renewed += 1) {
    if (await entitlements.commit(current.reservationId, 1)) return current.reservationId;
    await renewReservation(current, { db, entitlements });
    current = await db.generation.findFirstOrThrow({ where: { id: generation.id } });
  }
  throw new Error(
    `Generation ${generation.id} is not charged: what it reserved was given back ${MOST_RENEWALS} times.`,
  );
}
