import type { JobDesk, JobRuns, JobState, JobStore, SeenAttempt } from '@inevitable/kit/host';

/** A run that a job has, or had. */
export interface StoredRun extends Omit<SeenAttempt, 'jobId' | 'log'> {
  readonly fence: number;
  /** Messages of the lines of its log. */
  readonly log: readonly string[];
}

/** A job as a storage is to have it, with its runs. */
export interface StoredJob {
  readonly id: string;
  readonly name: string;
  /** null: of no tenant. */
  readonly tenantId: string | null;
  readonly state: JobState;
  readonly schedule: string | null;
  readonly attempts: number;
  readonly fence: number;
  readonly error: string | null;
  readonly createdAt: Date;
  readonly runAt: Date;
  readonly startedAt: Date;
  readonly finishedAt: Date | null;
  /** Ids of what it waits for. */
  readonly after: readonly string[];
  /** A run under way is here only if it has logged something. */
  readonly runs: readonly StoredRun[];
}

/** Who runs what is stored. */
export const WORKER = 'worker';

/** When everything is made and begun that does not say when. */
const AT = new Date('2026-01-01T00:00:00Z');

export const storedJob = (job: Partial<StoredJob> & Pick<StoredJob, 'id'>): StoredJob => ({
  name: 'alpha.echo',
  tenantId: null,
  state: 'ready',
  schedule: null,
  attempts: 0,
  fence: 1,
  error: null,
  createdAt: AT,
  runAt: AT,
  startedAt: AT,
  finishedAt: ['succeeded', 'dead', 'cancelled'].includes(job.state ?? 'ready') ? AT : null,
  after: [],
  runs: [],
  ...job,
});

/** In order of age: a higher number has a higher id. */
export const idOf = (number: number): string => `01890000-0000-7000-8000-${number.toString(16).padStart(12, '0')}`;

/** A storage as operations see it, and what a test does to it behind their back. */
export interface JobDeskUnderTest {
  readonly desk: JobDesk;
  readonly runs: JobRuns;
  /** The same jobs as workers have them. */
  readonly store: JobStore;
  /** From here on these are all jobs there are. */
  write(jobs: readonly StoredJob[]): Promise<void>;
  /** Of all jobs, by id. */
  states(): Promise<readonly Pick<StoredJob, 'id' | 'state'>[]>;
  /** All that is stored of jobs, and of schedules: to be compared with what it is later. */
  everything(): Promise<unknown>;
  advance(by: { readonly seconds: number }): Promise<void>;
  /** Every connection of the desk breaks, and new ones do too. */
  cut(): void;
  mend(): void;
  /** As it was when it was opened. */
  empty(): Promise<void>;
  close(): Promise<void>;
}
