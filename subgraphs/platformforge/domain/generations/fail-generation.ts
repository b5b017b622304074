import { tellPlatformChanged } from '../../events/platform-changed.js';
import { databaseNow } from '../database-now.js';
import { OPEN, UNDER_WAY } from '../platforms/platform-states.js';
import type { GenerationRun } from './run-generation.js';

const LONGEST_REASON = 1_000;

/** FAILED, for a reason the person who asked can read. Nothing changes where it is over. */
export async function failGeneration(
  { payload: { platformId, generationId }, transaction }: Pick<GenerationRun, 'payload' | 'transaction'>,
  reason: string,
): Promise<void> {
  // What a template says of itself may hold what PostgreSQL does not take.
  const failureReason = reason.slice(0, LONGEST_REASON).replaceAll('\0', '�').toWellFormed();
  await transaction(async ({ db, events }) => {
    const { count } = await db.platform.updateMany({
      where: { id: platformId, generationId, status: { in: UNDER_WAY } },
      data: { status: 'FAILED', failureReason },
    });
    await db.generation.updateMany({
      where: { id: generationId, platformId, state: { in: OPEN } },
      data: { state: 'FAILED', failureReason, endedAt: await databaseNow(db) },
    });
    if (count) await tellPlatformChanged(events, platformId);
  });
}
