import type { JobsOverview } from '@inevitable/contract';
import type { DescribedJob } from '../runner/describe-definition.js';
import type { LogLine } from './job-store.js';

export const OPEN_STATES = ['blocked', 'scheduled', 'ready', 'running'] as const;
export const ENDED_STATES = ['succeeded', 'dead', 'cancelled'] as const;
export const JOB_STATES = [...OPEN_STATES, ...ENDED_STATES] as const;
export type JobState = (typeof JOB_STATES)[number];

/** A job as the store has it now. */
export interface SeenJob {
  readonly id: string;
  readonly name: string;
  readonly product: string;
  /** null: no worker has ever declared the definition. */
  readonly queue: string | null;
  readonly state: JobState;
  readonly priority: number;
  /** null: of no tenant. */
  readonly tenantId: string | null;
  readonly payload: unknown;
  readonly correlationId: string;
  /** The schedule that made it; null: a request or a person did. */
  readonly schedule: string | null;
  readonly fansOut: boolean;
  /** Runs begun, without those that were postponed or handed back. */
  readonly attempts: number;
  /** Who runs it, or ran it when it succeeded or was cancelled. */
  readonly worker: string | null;
  /** 0 to 1. */
  readonly progress: number | null;
  readonly note: string | null;
  /** What its last failed run threw. */
  readonly error: string | null;
  readonly runAt: Date;
  readonly createdAt: Date;
  readonly startedAt: Date | null;
  readonly finishedAt: Date | null;
}

/** A run that has ended or is under way. */
export interface SeenAttempt {
  readonly jobId: string;
  /** 1 for the first run; the same number twice where a run was postponed or handed back. */
  readonly attempt: number;
  readonly worker: string;
  readonly startedAt: Date;
  /** null: it is under way. */
  readonly endedAt: Date | null;
  /** null: it is under way. */
  readonly outcome: 'succeeded' | 'skipped' | 'failed' | 'postponed' | 'interrupted' | 'lost' | 'cancelled' | null;
  readonly error: string | null;
  readonly log: readonly LogLine[];
}

export interface SeenSchedule {
  readonly cron: string;
  readonly timezone: string;
  readonly overlap: string;
  readonly catchUp: string;
  /** null: paused, or to be computed by the next worker that looks. */
  readonly nextDue: Date | null;
  readonly lastDue: Date | null;
  /** Due times that passed while nobody was there, and that catch-up left out. */
  readonly missed: number;
  readonly pausedAt: Date | null;
}

/** Jobs in the scope, by state. */
export type JobCounts = Readonly<Record<(typeof OPEN_STATES)[number] | 'dead', number>>;

/** A definition as the worker declared it that started last. */
export interface SeenDefinition extends Omit<DescribedJob, 'schedule' | 'payload'> {
  readonly name: string;
  readonly product: string;
  readonly schedule: SeenSchedule | null;
  readonly counts: JobCounts;
  /** Workers that run it and were heard of within 30 s. */
  readonly workers: number;
  /** JSON Schema; null where the payload cannot be written as one. */
  readonly payloadSchema: object | null;
}

/** Jobs that wait, and no live worker runs their definition: one that was rolled back, or a worker that was not started. */
export interface UnclaimedJobs {
  readonly name: string;
  readonly waiting: number;
  /** When the one that waits longest was made. */
  readonly oldest: Date;
}

/** The store in numbers, of all tenants. */
export interface DeskOverview extends JobsOverview {
  /** By name. */
  readonly unclaimed: readonly UnclaimedJobs[];
}
