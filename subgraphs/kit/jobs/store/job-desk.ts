import type { PartHealth } from '@inevitable/contract';
import type { EventsMissed } from '../../events/heard-event.js';
import type { DeskOverview, JobState, SeenAttempt, SeenDefinition, SeenJob } from './seen-jobs.js';

/** Whose jobs a call reaches: everybody's, or one tenant's of some products. */
export type JobScope =
  | { readonly kind: 'all' }
  | {
      readonly kind: 'tenant';
      readonly tenantId: string;
      /** By name, as in supergraph.yaml. */
      readonly products: readonly string[];
    };

/** Which jobs; what is not said does not narrow. */
export interface JobFilter {
  readonly states?: readonly JobState[];
  readonly product?: string;
  readonly name?: string;
  /** In a scope of one tenant: that one, or nothing is found. */
  readonly tenantId?: string;
  /** Only what this schedule made. */
  readonly schedule?: string;
}

export interface JobPage {
  readonly take: number;
  /** The id after which the page begins, going back in time; null for the first page. */
  readonly afterId: string | null;
}

/** A job is not what it was a moment ago; `state` is what it had when that was told. */
export interface JobChange {
  readonly id: string;
  readonly state: JobState;
  readonly tenantId: string | null;
  readonly name: string;
}

export interface WatchOptions {
  /** Ends it. */
  readonly signal: AbortSignal;
  /** Which changes in the scope; all of them unless told. */
  readonly filter?: (change: JobChange) => boolean;
}

export type JobChanges = AsyncIterableIterator<JobChange | EventsMissed, undefined>;

/** A job by hand. */
export interface JobByHand {
  readonly id: string;
  readonly name: string;
  /** null: of no tenant; only with all in scope. */
  readonly tenantId: string | null;
  readonly payload: unknown;
  readonly correlationId: string;
  readonly trace: string | null;
  readonly onceKey: string | null;
  /** Makes one job for each active tenant, in place of running. */
  readonly fansOut: boolean;
}

export type RetryOutcome = 'retried' | 'not found' | 'not ended' | 'taken';
export type CancelOutcome = 'cancelled' | 'not found' | 'ended';
/** `taken`: an open job has its key. */
export type RunOutcomeByHand = 'queued' | 'not found' | 'taken';

/**
 * The store as operators and product administrators see and steer it. What is outside of a call's scope answers like what
 * does not exist: in PostgreSQL the database enforces that, for each transaction of its reading role, and in MongoDB
 * `mongo/scope.ts` does.
 */
export interface JobDesk {
  /** Of all tenants, in numbers. */
  overview(): Promise<DeskOverview>;
  jobs(scope: JobScope, filter: JobFilter, page: JobPage): Promise<readonly SeenJob[]>;
  job(scope: JobScope, id: string): Promise<SeenJob | null>;
  /** Of several jobs, each one's in the order they began. */
  attempts(scope: JobScope, jobIds: readonly string[]): Promise<readonly SeenAttempt[]>;
  /** What each of several jobs waits for or waited for; those that are gone are left out. */
  dependencies(
    scope: JobScope,
    jobIds: readonly string[],
  ): Promise<readonly { readonly jobId: string; readonly waitsFor: SeenJob }[]>;
  /** By name. */
  definitions(
    scope: JobScope,
    only?: { readonly name?: string; readonly product?: string },
  ): Promise<readonly SeenDefinition[]>;
  retry(scope: JobScope, id: string): Promise<RetryOutcome>;
  /** Dead jobs of a name, oldest first, at most 10,000 at a time; answers how many are run again. */
  retryDead(scope: JobScope, name: string): Promise<number>;
  cancel(scope: JobScope, id: string): Promise<CancelOutcome>;
  run(scope: JobScope, job: JobByHand): Promise<RunOutcomeByHand>;
  /** False: there is no such schedule, or not all is in scope. */
  pause(scope: JobScope, name: string): Promise<boolean>;
  resume(scope: JobScope, name: string): Promise<boolean>;
  /** Resolves once it listens; ends with `return()` or with its signal. Throws `JobStoreSilent`. */
  watch(scope: JobScope, options: WatchOptions): Promise<JobChanges>;
  health(): Promise<PartHealth>;
  close(): Promise<void>;
}
