import { OPEN_STATES, type JobCounts, type JobState } from './seen-jobs.js';

/** Jobs of one name in one state. */
export interface JobCount {
  readonly name: string;
  readonly state: keyof JobCounts;
  readonly count: number;
}

export const COUNTED_STATES: readonly (keyof JobCounts)[] = [...OPEN_STATES, 'dead'];

/** Of a job that has not ended, and that nobody runs. */
export const WAITING_STATES: readonly JobState[] = ['blocked', 'scheduled', 'ready'];

export const totalOf = (counts: readonly JobCount[]): number => counts.reduce((total, { count }) => total + count, 0);
