import type { ClaimedJob, RunOutcome } from '../store/job-store.js';

/** How a run ended, as operators count it. */
export type ObservedOutcome = RunOutcome | 'dead' | 'lost';

/** Told of every run in this worker. */
export interface JobObserver {
  began(job: ClaimedJob): void;
  ended(job: ClaimedJob, outcome: ObservedOutcome, durationMs: number): void;
}

export const observingNothing: JobObserver = { began: () => undefined, ended: () => undefined };
