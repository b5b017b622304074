import { NotFound } from '@inevitable/kit';
import type { PlatformForgeWork } from '../../context.js';
import { tellPlatformChanged } from '../../events/platform-changed.js';
import { discard } from '../../jobs/discard.js';
import { Prisma, type Platform } from '../../generated/prisma/client.js';
import { databaseNow } from '../database-now.js';
import { findPlatform } from './find-platform.js';
import { OPEN } from './platform-states.js';

/**
 * The row is gone at once; its files, and what a generation under way had reserved, soon after. Answers the platform as it
 * was. Throws `NotFound`.
 */
export async function deletePlatform({ db, events, jobs }: PlatformForgeWork, id: string): Promise<Platform> {
  const { tenantId } = await findPlatform(db, id);
  const platform = await deleteRow(db, tenantId, id);
  const cancelled = await db.generation.updateManyAndReturn({
    where: { platformId: id, state: { in: OPEN } },
    data: { state: 'CANCELLED', endedAt: await databaseNow(db) },
  });
  const artifactIds = [platform.artifactId, ...cancelled.map((generation) => generation.id)].filter(
    (one) => one !== null,
  );
  const reservationIds = cancelled.map(({ reservationId }) => reservationId);
  if (artifactIds.length) await jobs.enqueue(discard, { artifactIds, reservationIds }, { aggregate: id });
  await tellPlatformChanged(events, id);
  return platform;
}

/** One statement: the row as it was when it went, whatever became of it since it was found. */
async function deleteRow(db: PlatformForgeWork['db'], tenantId: string, id: string): Promise<Platform> {
  try {
    return await db.platform.delete({ where: { tenantId_id: { tenantId, id } } });
  } catch (error) {
    const isGone = error instanceof Prisma.PrismaClientKnownRequestError && error.code === 'P2025';
    throw isGone ? new NotFound('platform') : error;
  }
}
