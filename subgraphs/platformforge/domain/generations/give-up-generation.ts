import { failGeneration } from './fail-generation.js';
import { reasonGivenUp } from './failure-reason.js';
import { artifactKey } from '../kept-files.js';
import type { GenerationRun } from './run-generation.js';
import { settleGeneration } from '../quota/settle-generation.js';

/** After the last run of `platformforge.generate`, or when it was cancelled: FAILED in words, the quota given back, nothing left in the store. */
export async function giveUpGeneration(run: GenerationRun, error: Error): Promise<void> {
  const { platformId, generationId } = run.payload;
  await failGeneration(run, reasonGivenUp(error));
  await settleGeneration(generationId, run);
  const generation = await run.db.generation.findFirst({ where: { id: generationId, platformId } });
  if (!generation || generation.state === 'SUCCEEDED') return;
  await run.files
    .delete(artifactKey(generationId))
    .catch(() => run.log.warn('what may be left in the file store is deleted by the nightly clean-up'));
}
