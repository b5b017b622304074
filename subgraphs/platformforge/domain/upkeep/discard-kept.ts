import type { PlatformForgeRun } from '../../context.js';
import { databaseNow } from '../database-now.js';
import { artifactsInUse, templatesInUse } from './files-in-use.js';
import { artifactKey, templateKey } from '../kept-files.js';

export interface ToDiscard {
  /** Ids of the generations whose artifacts go. */
  readonly artifactIds?: readonly string[] | undefined;
  readonly templateIds?: readonly string[] | undefined;
  /** Of cancelled generations. */
  readonly reservationIds?: readonly string[] | undefined;
}

/**
 * Deletes the files and settles the reservations. What is not there any more is no failure. What rows name stays, whoever
 * asked for this: a file that a row names, and what is reserved for a generation that is not cancelled.
 */
export async function discardKept(
  { artifactIds = [], templateIds = [], reservationIds = [] }: ToDiscard,
  { db, entitlements, files }: Pick<PlatformForgeRun<unknown>, 'db' | 'entitlements' | 'files'>,
): Promise<void> {
  const cancelled = await db.generation.findMany({
    where: { reservationId: { in: [...reservationIds] }, state: 'CANCELLED', settledAt: null },
  });
  for (const { reservationId } of cancelled) await entitlements.release(reservationId);
  if (cancelled.length)
    await db.generation.updateMany({
      where: { id: { in: cancelled.map(({ id }) => id) }, settledAt: null },
      data: { settledAt: await databaseNow(db) },
    });
  const artifacts = without(artifactIds, await artifactsInUse(db, artifactIds));
  const templates = without(templateIds, await templatesInUse(db, templateIds));
  for (const key of [...artifacts.map(artifactKey), ...templates.map(templateKey)]) await files.delete(key);
}

function without(ids: readonly string[], inUse: readonly string[]): readonly string[] {
  const used = new Set(inUse);
  return ids.filter((id) => !used.has(id));
}
