import type { ObservedOutcome } from '../observation/job-observer.js';
import type { RunOutcome } from '../store/job-store.js';
import type { FencedParameters } from './agenda-backend.js';
import { storableText } from './storable-text.js';

/** How a run ended. */
export interface Verdict {
  readonly outcome: RunOutcome;
  readonly error?: string;
  /** As `EndedRun` has it. */
  readonly waitMs?: number | null;
  readonly note?: string;
}

/** Agenda's own account of a run: it writes the reason of a failure, and when the next run is. */
export const agendaVerdict = ({ failReason, nextRunAt }: FencedParameters): Verdict => ({
  outcome: 'failed',
  error: failReason ?? 'It failed without a word.',
  waitMs: nextRunAt ? Math.max(0, nextRunAt.getTime() - Date.now()) : null,
});

/** With texts as the store takes them. */
export const storableVerdict = ({ error, note, ...verdict }: Verdict): Verdict => ({
  ...verdict,
  ...(error !== undefined && { error: storableText(error) }),
  ...(note !== undefined && { note: storableText(note) }),
});

/** A failure after which there is no other run is a death. */
export const observedOutcome = ({ outcome, waitMs = null }: Verdict): ObservedOutcome =>
  outcome === 'failed' && waitMs === null ? 'dead' : outcome;
