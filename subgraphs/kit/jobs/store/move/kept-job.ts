import type { LogLine, RunOutcome } from '../job-store.js';
import type { JobState } from '../seen-jobs.js';

// What a store keeps, in words of no storage: what one reads and another writes, and is compared by (canonical-job.ts).
// Times are to the millisecond. Who was served last (turns) is not among it: fairness begins anew in another store.

/** A job with everything that belongs to it. */
export interface KeptJob {
  readonly id: string;
  readonly name: string;
  /** null: of no tenant. */
  readonly tenantId: string | null;
  /** JSON, as text: a number in it may be larger than JavaScript's. */
  readonly payload: string;
  readonly correlationId: string;
  readonly trace: string | null;
  readonly onceKey: string | null;
  readonly priority: number;
  readonly fansOut: boolean;
  readonly schedule: string | null;
  readonly state: JobState;
  /** Scheduled: when it becomes ready. Running: when its lease ended. Else null. */
  readonly wakeAt: Date | null;
  readonly runAt: Date;
  readonly attempts: number;
  /** Of its last claim; 0: it never was. */
  readonly fence: number;
  readonly worker: string | null;
  readonly progress: number | null;
  readonly note: string | null;
  readonly error: string | null;
  readonly createdAt: Date;
  readonly startedAt: Date | null;
  readonly finishedAt: Date | null;
  /** How many runs it had begun when it was cancelled; null: it was not, or what it held is given back. */
  readonly cancelledAfter: number | null;
  /** By id. */
  readonly after: readonly { readonly id: string; readonly isOpen: boolean }[];
  /** By fence. */
  readonly runs: readonly KeptRun[];
}

export interface KeptRun {
  readonly fence: number;
  readonly attempt: number;
  readonly worker: string;
  readonly startedAt: Date;
  /** Both null: it had not ended. */
  readonly endedAt: Date | null;
  readonly outcome: RunOutcome | 'lost' | null;
  readonly error: string | null;
  readonly log: readonly LogLine[];
}

/** A definition as the worker declared it that started last, with its schedule. */
export interface KeptDefinition {
  readonly name: string;
  readonly product: string;
  /** JSON, as text. */
  readonly declared: string;
  readonly declaredAt: Date;
  readonly schedule: KeptSchedule | null;
}

export interface KeptSchedule {
  readonly cron: string;
  readonly timezone: string;
  readonly nextDue: Date | null;
  readonly lastDue: Date | null;
  readonly missed: number;
  readonly pausedAt: Date | null;
}

/** A due time that was run, or left out. */
export interface KeptFiring {
  readonly due: Date;
  readonly firedAt: Date;
  /** null: skipped, because the one before was still open. */
  readonly job: string | null;
}
