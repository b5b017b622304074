import type { Generation } from '../../generated/prisma/client.js';
import { PLATFORMS, renewalKey } from './quota.js';
import type { GenerationRun } from '../generations/run-generation.js';

/** Reserves anew for a generation that waited. Throws `QuotaExceeded` when others have taken what had expired. */
export async function renewReservation(
  { id, reservationId: former }: Generation,
  { db, entitlements }: Pick<GenerationRun, 'db' | 'entitlements'>,
): Promise<void> {
  // First, or it would stand in its own way where the quota is used up.
  await entitlements.release(former);
  const reservationId = await entitlements.reserve(PLATFORMS, 1, renewalKey(id, former));
  const { count } = await db.generation.updateMany({ where: { id, reservationId: former }, data: { reservationId } });
  if (count === 0) {
    // Another run was here before, under the same key: then it is the one in the row. Else nobody would give it back.
    const stored = await db.generation.findFirst({ where: { id } });
    if (stored?.reservationId !== reservationId) await entitlements.release(reservationId);
  }
}
