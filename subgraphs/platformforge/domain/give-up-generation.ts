import { FilesUnavailable, JobTookTooLong, RunLost } from '@inevitable/kit';
import { failGeneration } from './fail-generation.js';
import { artifactKey } from './kept-files.js';
import type { GenerationRun } from './run-generation.js';
import { settleGeneration } from './settle-generation.js';

/** After the last run of `platformforge.generate`: FAILED in words, the quota given back, nothing left in the store. */
export async function giveUpGeneration(run: GenerationRun, error: Error): Promise<void> {
  const { generationId } = run.payload;
  await failGeneration(run, reasonOf(error));
  await settleGeneration(generationId, run);
  const generation = await run.db.generation.findFirst({ where: { id: generationId } });
  if (generation?.state === 'SUCCEEDED') return;
  await run.files
    .delete(artifactKey(generationId))
    .catch(() => run.log.warn('what may be left in the file store is deleted by the nightly clean-up'));
}

function reasonOf(error: Error): string {
  if (error instanceof FilesUnavailable) return `${STORE[error.why]} Nothing was kept, and the quota was given back.`;
  if (error instanceof JobTookTooLong) return 'It took longer than a generation may take, each time it was tried.';
  if (error instanceof RunLost) return 'It was begun several times and never ended: the worker stopped in the middle.';
  return 'Something failed on our side each time it was tried. Try again later; the log of the job says what it was.';
}

const STORE: Readonly<Record<FilesUnavailable['why'], string>> = {
  full: 'The store for artifacts is full.',
  refused: 'The store for artifacts did not let it be written.',
  unreachable: 'The store for artifacts could not be reached.',
};
