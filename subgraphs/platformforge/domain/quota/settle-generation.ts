import { NotEntitled, QuotaExceeded } from '@inevitable/kit';
import type { PlatformForgeRun } from '../../context.js';
import { chargeGeneration } from './charge-generation.js';
import { databaseNow } from '../database-now.js';

/**
 * Tells the quota's ledger what became of a generation that is over: charges one platform, or gives it back. Nothing
 * happens to one that is settled or not over. Told twice, the ledger says the same.
 */
export async function settleGeneration(
  id: string,
  { db, entitlements, log }: Pick<PlatformForgeRun<unknown>, 'db' | 'entitlements' | 'log'>,
): Promise<void> {
  const generation = await db.generation.findFirst({ where: { id, endedAt: { not: null }, settledAt: null } });
  if (!generation) return;
  try {
    if (generation.state === 'SUCCEEDED') await chargeGeneration(generation, { db, entitlements });
    else await entitlements.release(generation.reservationId);
  } catch (error) {
    if (!(error instanceof QuotaExceeded || error instanceof NotEntitled)) throw error;
    // It stays unsettled: the next comparison with the ledger tries again, and reports it.
    return log.warn('a platform is there, and the quota it takes was used up meanwhile', { generation: id });
  }
  await db.generation.updateMany({ where: { id, settledAt: null }, data: { settledAt: await databaseNow(db) } });
}
