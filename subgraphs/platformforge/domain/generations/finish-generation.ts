import { tellPlatformChanged } from '../../events/platform-changed.js';
import type { RenderedPlatform } from '../../rendering/render-platform.js';
import { discard } from '../../jobs/discard.js';
import { databaseNow } from '../database-now.js';
import { keepDaysOf } from '../settings/keep-days.js';
import { artifactKey } from '../kept-files.js';
import { OPEN } from '../platforms/platform-states.js';
import type { GenerationRun } from './run-generation.js';

const DAY_MS = 86_400_000;

/**
 * The stored artifact becomes the platform's, and the former one goes. False: the generation was over before – cancelled,
 * given up, or finished by another run.
 */
export async function finishGeneration(
  { payload: { platformId, generationId }, context: { deployment }, db, files, transaction }: GenerationRun,
  { bytes, sha256 }: RenderedPlatform,
  formerId: string | null,
): Promise<boolean> {
  const isFinished = await transaction(async (scope) => {
    const now = await databaseNow(scope.db);
    const { count } = await scope.db.platform.updateMany({
      where: { id: platformId, generationId, status: 'GENERATING' },
      data: {
        status: 'READY',
        failureReason: null,
        artifactId: generationId,
        artifactBytes: bytes.length,
        artifactSha256: sha256,
        artifactDeployment: deployment,
        expiresAt: new Date(now.getTime() + (await keepDaysOf(scope.db)) * DAY_MS),
      },
    });
    if (count === 0) return false;
    await scope.db.generation.updateMany({
      where: { id: generationId, state: { in: OPEN } },
      data: { state: 'SUCCEEDED', artifactBytes: bytes.length, endedAt: now },
    });
    await tellPlatformChanged(scope.events, platformId);
    if (formerId !== null) await scope.jobs.enqueue(discard, { artifactIds: [formerId] }, { aggregate: platformId });
    return true;
  });
  if (!isFinished) {
    const generation = await db.generation.findFirst({ where: { id: generationId } });
    if (generation?.state !== 'SUCCEEDED') await files.delete(artifactKey(generationId));
  }
  return isFinished;
}
