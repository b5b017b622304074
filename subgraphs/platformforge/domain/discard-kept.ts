import type { PlatformForgeRun } from '../context.js';
import { databaseNow } from './database-now.js';
import { artifactKey, templateKey } from './kept-files.js';

export interface ToDiscard {
  /** Ids of the generations whose artifacts go. */
  readonly artifactIds?: readonly string[] | undefined;
  readonly templateIds?: readonly string[] | undefined;
  /** Of cancelled generations. */
  readonly reservationIds?: readonly string[] | undefined;
}

/** Deletes the files and settles the reservations. What is not there any more is no failure. */
export async function discardKept(
  { artifactIds = [], templateIds = [], reservationIds = [] }: ToDiscard,
  { db, entitlements, files }: Pick<PlatformForgeRun<unknown>, 'db' | 'entitlements' | 'files'>,
): Promise<void> {
  for (const id of reservationIds) await entitlements.release(id);
  if (reservationIds.length)
    await db.generation.updateMany({
      where: { reservationId: { in: [...reservationIds] }, state: 'CANCELLED' },
      data: { settledAt: await databaseNow(db) },
    });
  for (const key of [...artifactIds.map(artifactKey), ...templateIds.map(templateKey)]) await files.delete(key);
}
