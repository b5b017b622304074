import { skipped, type Skipped } from '@inevitable/kit';
import { tellPlatformChanged } from '../../events/platform-changed.js';
import type { Generation, Platform } from '../../generated/prisma/client.js';
import { databaseNow } from '../database-now.js';
import { OPEN, UNDER_WAY } from '../platforms/platform-states.js';
import type { GenerationRun } from './run-generation.js';

export interface BegunGeneration {
  readonly platform: Platform;
  readonly generation: Generation;
  /** It waited so long that its reservation may have expired, or expires while it is made. */
  readonly isLate: boolean;
}

/** Reservations live for 15 minutes, and this run may take one. */
const LATE_MS = 13 * 60_000;
const OVER = skipped('it was over before');

/**
 * Skipped: it is over, or the payload, which anybody may have written who runs the job by hand, speaks of no such
 * generation. It is CANCELLED now where its platform is gone or was asked for anew.
 */
export const beginGeneration = ({
  payload: { platformId, generationId },
  transaction,
}: GenerationRun): Promise<BegunGeneration | Skipped> =>
  transaction(async ({ db, events }) => {
    const generation = await db.generation.findFirst({ where: { id: generationId } });
    if (!generation) return skipped('there is no such generation');
    if (generation.platformId !== platformId) return skipped('the generation is of another platform');
    if (generation.endedAt) return OVER;
    const now = await databaseNow(db);
    // The platform's row first, here and everywhere: two that change both wait for each other in one order.
    const [platform] = await db.platform.updateManyAndReturn({
      where: { id: platformId, generationId, status: { in: UNDER_WAY } },
      data: { status: 'GENERATING' },
    });
    const where = { id: generationId, state: { in: OPEN } };
    if (!platform) {
      await db.generation.updateMany({ where, data: { state: 'CANCELLED', endedAt: now } });
      return OVER;
    }
    await db.generation.updateMany({ where, data: { state: 'RUNNING', startedAt: generation.startedAt ?? now } });
    if (generation.state === 'QUEUED') await tellPlatformChanged(events, platformId);
    return { platform, generation, isLate: now.getTime() - generation.queuedAt.getTime() >= LATE_MS };
  });
