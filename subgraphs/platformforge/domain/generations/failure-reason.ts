import { FilesUnavailable, JobCancelled, JobTookTooLong, NotEntitled, QuotaExceeded, RunLost } from '@inevitable/kit';
import { RenderTooSlow } from '../../rendering/render-platform.js';
import { TemplateFailed } from '../../rendering/template-failed.js';

/** Why a generation fails at once, for the person who asked: trying again would not mend it. null: it may. `attempt` begins with 1. */
export function reasonForGood(error: unknown, attempt: number): string | null {
  if (error instanceof TemplateFailed) return error.message;
  // Once may be because the machine had much to do, and each time it takes a thread from others.
  if (error instanceof RenderTooSlow && attempt > 1) return error.message;
  if (error instanceof NotEntitled) return 'The plan did not include platforms any more when its turn came.';
  if (!(error instanceof QuotaExceeded)) return null;
  const { limit, resetsAt } = error.details;
  return `The quota of ${limit} platforms was used up when its turn came. The next period begins at ${resetsAt}.`;
}

/** Why a generation was given up after its last attempt, or because its job was cancelled, for the person who asked. What the operator needs is in the job's log. */
export const reasonGivenUp = (error: Error): string => `${whatHappened(error)} The quota was given back.`;

function whatHappened(error: Error): string {
  if (error instanceof FilesUnavailable) return STORE[error.why];
  if (error instanceof JobTookTooLong) return 'It took longer than a generation may take, each time it was tried.';
  if (error instanceof JobCancelled) return 'Somebody cancelled it.';
  if (error instanceof RunLost) return 'It was begun several times and never ended: its worker stopped in the middle.';
  return 'Something failed on our side each time it was tried. Try again later, or ask those who run this stack.';
}

const STORE: Readonly<Record<FilesUnavailable['why'], string>> = {
  full: 'The store for artifacts is full.',
  refused: 'The store for artifacts did not take it.',
  unreachable: 'The store for artifacts could not be reached.',
};
