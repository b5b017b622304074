import type { PlatformForgeRun } from '../../context.js';
import { databaseNow } from '../database-now.js';
import { failGeneration } from './fail-generation.js';
import { OPEN } from '../platforms/platform-states.js';
import { settleGeneration } from '../quota/settle-generation.js';

/** Four attempts take minutes. Whatever waits for a day waits for a job that somebody cancelled, or that is lost. */
const ABANDONED_AFTER_MS = 86_400_000;
const REASON = 'Nothing generated it within a day: its job was cancelled, or is lost. Generate it again.';
/** Of one run; there are never many, and the next run goes on. */
const MOST = 1_000;

/**
 * Fails the generations nobody works on any more, and gives their quota back; answers how many. Should the job of one
 * come after all, it finds it over.
 */
export async function giveUpAbandoned({
  db,
  transaction,
  entitlements,
  signal,
  log,
}: Pick<PlatformForgeRun<object>, 'db' | 'transaction' | 'entitlements' | 'signal' | 'log'>): Promise<number> {
  const queuedAt = { lt: new Date((await databaseNow(db)).getTime() - ABANDONED_AFTER_MS) };
  const abandoned = await db.generation.findMany({ where: { state: { in: OPEN }, queuedAt }, take: MOST });
  for (const { id, platformId } of abandoned) {
    signal.throwIfAborted();
    await failGeneration({ payload: { platformId, generationId: id }, transaction }, REASON);
    await settleGeneration(id, { db, entitlements, log });
    log.warn('a generation was given up: nobody had worked on it for a day', { generation: id, platform: platformId });
  }
  return abandoned.length;
}
