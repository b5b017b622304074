import type { PlatformForgeContext } from '../../context.js';

/** The metered feature: platforms generated in a period. */
export const PLATFORMS = 'platformforge.platforms';

/** Under which a generation's reservation is found in the ledger. */
export const reservationKey = (generationId: string): string => `generation ${generationId}`;

/** Of the reservation that takes the place of one that expired. Asked for twice, it is the same one. */
export const renewalKey = (generationId: string, expiredId: string): string =>
  `${reservationKey(generationId)} again ${expiredId}`;

/**
 * Reserves one platform, and gives it back when the mutation fails; answers the reservation's id. Call it before the
 * mutation's first statement. Throws `QuotaExceeded` and `NotEntitled`.
 */
export async function reservePlatform(
  { entitlements, onRollback }: Pick<PlatformForgeContext, 'entitlements' | 'onRollback'>,
  generationId: string,
): Promise<string> {
  const reservationId = await entitlements.reserve(PLATFORMS, 1, reservationKey(generationId));
  onRollback(() => entitlements.release(reservationId));
  return reservationId;
}
