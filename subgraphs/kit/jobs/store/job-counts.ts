import { OPEN_STATES, type JobCounts } from './seen-jobs.js';

/** Jobs of one name in one state. */
export interface JobCount {
  readonly name: string;
  readonly state: keyof JobCounts;
  readonly count: number;
}

export const COUNTED_STATES: readonly (keyof JobCounts)[] = [...OPEN_STATES, 'dead'];
