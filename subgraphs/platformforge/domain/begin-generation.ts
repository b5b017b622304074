import { tellPlatformChanged } from '../events/platform-changed.js';
import type { Generation, Platform } from '../generated/prisma/client.js';
import { databaseNow } from './database-now.js';
import { OPEN, UNDER_WAY } from './platform-states.js';
import type { GenerationRun } from './run-generation.js';

export interface BegunGeneration {
  readonly platform: Platform;
  readonly generation: Generation;
  /** It waited so long that its reservation may have expired, or expires while it is made. */
  readonly isLate: boolean;
}

/** Reservations live for 15 minutes, and this run may take a few. */
const LATE_MS = 10 * 60_000;

/** null: it is over. It is CANCELLED now where its platform is gone or was asked for anew. */
export const beginGeneration = ({
  payload: { platformId, generationId },
  transaction,
}: GenerationRun): Promise<BegunGeneration | null> =>
  transaction(async ({ db, events }) => {
    const generation = await db.generation.findFirst({ where: { id: generationId } });
    if (!generation || generation.endedAt) return null;
    const now = await databaseNow(db);
    // The platform's row first, here and everywhere: two that change both wait for each other in one order.
    const [platform] = await db.platform.updateManyAndReturn({
      where: { id: platformId, generationId, status: { in: UNDER_WAY } },
      data: { status: 'GENERATING' },
    });
    const where = { id: generationId, state: { in: OPEN } };
    if (!platform) {
      await db.generation.updateMany({ where, data: { state: 'CANCELLED', endedAt: now } });
      return null;
    }
    await db.generation.updateMany({ where, data: { state: 'RUNNING', startedAt: generation.startedAt ?? now } });
    if (generation.state === 'QUEUED') await tellPlatformChanged(events, platformId);
    return { platform, generation, isLate: now.getTime() - generation.queuedAt.getTime() >= LATE_MS };
  });
