import type { JobState, CancelOutcome, RetryOutcome } from '@inevitable/kit/host';
import type { JobLedger } from './job-ledgers.js';

export interface StoredJob {
  readonly id: string;
  readonly name: string;
  readonly state: JobState;
  /** Runs begun, without those that were not counted. */
  readonly attempts: number;
  readonly worker: string | null;
  readonly progress: number | null;
  readonly note: string | null;
  readonly error: string | null;
  readonly schedule: string | null;
  readonly fansOut: boolean;
  readonly runAt: Date;
  readonly startedAt: Date | null;
  readonly finishedAt: Date | null;
  /** Scheduled: when it becomes ready; running: when its lease ends. */
  readonly wakeAt: Date | null;
}

export interface StoredAttempt {
  readonly attempt: number;
  readonly worker: string;
  /** `running` where it has logged something and has not ended. */
  readonly outcome: string;
  readonly error: string | null;
  /** The messages. */
  readonly log: readonly string[];
}

export interface StoredFiring {
  readonly schedule: string;
  readonly due: Date;
  readonly firedAt: Date;
  /** null where the due time was left out. */
  readonly job: string | null;
}

export interface StoredSchedule {
  readonly name: string;
  readonly nextDue: Date | null;
  readonly missed: number;
}

/** What is stored of jobs, whatever it is stored in, and what operators and tests do to it beside the workers. */
export interface StoredJobs {
  /** The store's time. */
  now(): Promise<Date>;
  /** Moves it, for every worker at once. */
  advance(by: { readonly seconds: number }): Promise<void>;
  /** Throws for a job that is not there. */
  job(id: string): Promise<StoredJob>;
  /** By id. */
  jobs(): Promise<readonly StoredJob[]>;
  /** How many there are of each state. */
  states(): Promise<Readonly<Record<string, number>>>;
  /** Of one job, or of all; in the order they began. */
  attempts(id?: string): Promise<readonly StoredAttempt[]>;
  /** Of one schedule, or of all; by due time. */
  firings(schedule?: string): Promise<readonly StoredFiring[]>;
  schedules(): Promise<readonly StoredSchedule[]>;
  /** That are known, and have not left. */
  workers(): Promise<readonly { readonly names: readonly string[] }[]>;
  /** Keys that nobody else may have now. */
  heldKeys(): Promise<number>;
  /** Tables or collections in which this text is anywhere, by name. */
  mentions(text: string): Promise<readonly string[]>;

  cancel(id: string): Promise<CancelOutcome>;
  retry(id: string): Promise<RetryOutcome>;
  pause(schedule: string): Promise<boolean>;
  resume(schedule: string): Promise<boolean>;

  /** `another` holds them from now on, as if it had claimed them after their leases ended. */
  steal(ids: readonly string[]): Promise<void>;
  /** A scheduled job's time has come. */
  makeDue(id: string): Promise<void>;
  /** Every job is as a worker leaves it that was killed an hour ago while it ran it. */
  orphan(): Promise<void>;
  /** The store answers every firing of this schedule with an error, until what this resolves with is called. */
  refuseFirings(schedule: string): Promise<() => Promise<void>>;

  /** As it was when it was made. */
  empty(): Promise<void>;
  close(): Promise<void>;
}

/** A job store of its own for one suite. */
export interface JobDatabase extends StoredJobs {
  /** Of the runner's role. */
  readonly url: string;
  readonly readerUrl: string;
  /** Where handlers leave their effects; emptied and closed with the store. */
  readonly ledger: JobLedger;
}

export type OpenJobDatabase = () => Promise<JobDatabase>;
