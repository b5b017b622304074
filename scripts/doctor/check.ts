import type { Patient } from './patient.js';

/** `problem`: it will not work, or not safely. `warning`: it works, and somebody should know. */
export type Verdict = 'ok' | 'warning' | 'problem';

/** One thing that was looked at. */
export interface Said {
  readonly verdict: Verdict;
  /** One sentence. */
  readonly message: string;
  /** What to do about it, in a sentence; nothing where it is well. */
  readonly remedy?: string;
}

/** It changes nothing: whatever it finds, it is another command, or a person, that mends it. */
export interface Check {
  readonly name: string;
  /** Listens to `signal`, which aborts when its time is over. What it throws is a problem of its own. */
  run(patient: Patient, signal: AbortSignal): Promise<readonly Said[]>;
}

export const ok = (message: string): Said => ({ verdict: 'ok', message });
export const warning = (message: string, remedy: string): Said => ({ verdict: 'warning', message, remedy });
export const problem = (message: string, remedy: string): Said => ({ verdict: 'problem', message, remedy });
