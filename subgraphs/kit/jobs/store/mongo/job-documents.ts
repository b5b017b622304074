import type { DescribedJob } from '../../runner/describe-definition.js';
import type { LogLine, RunOutcome } from '../job-store.js';
import type { MoveMark } from '../move/job-depot.js';
import type { JobState } from '../seen-jobs.js';

// What MongoDB keeps. No call needs a transaction: one document changes at a time, each change is conditional on what was
// read, and what a crash leaves half done is finished by whoever comes next (docs/jobs.md, "On MongoDB").

/** `_id`: as text, in order of age. */
export interface JobDocument {
  readonly _id: string;
  readonly name: string;
  /** What its name begins with. */
  readonly product: string;
  /** '' for none, so that it is equal to itself and first in order. */
  readonly tenant: string;
  /** JSON. As text: BSON knows keys and numbers that JSON has in another way, or not at all. */
  readonly payload: string;
  readonly correlationId: string;
  readonly trace: string | null;
  readonly onceKey: string | null;
  readonly priority: number;
  readonly fansOut: boolean;
  readonly schedule: string | null;
  /**
   * `arriving`: written, and nobody may see it yet: its key is to be taken, and what it runs after to be looked at. Whoever
   * finds one that is older than a few seconds goes on with it (`insert-jobs.ts`).
   */
  readonly state: JobState | 'arriving';
  /** Scheduled: when it becomes ready. Running: when its lease ends. Else null. */
  readonly wakeAt: Date | null;
  /** Not before; the start delay counts from here. */
  readonly runAt: Date;
  /** Runs begun, without those that were postponed or handed back. */
  readonly attempts: number;
  /** Of its last claim; 0 before. Who holds an older one may write nothing. */
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
  /** Ids of what it was to run after. */
  readonly after: readonly string[];
  /** Those of them that have not succeeded yet. */
  readonly waits: readonly string[];
  /** One of them will not succeed. */
  readonly isLost: boolean;
  /** Dead or cancelled, and about to be run again: its key is to be taken. Counts as open for those who want the key. */
  readonly isReturning: boolean;
  /** How often somebody began to run it again. A key that it has had before is not its key any more. */
  readonly returns: number;
  /** By `runKey(fence)`. A run under way is here only if it has logged something. */
  readonly runs: Readonly<Record<string, RunDocument>>;
  /** Of its last run that ended; null: none has. */
  readonly lastEndedAt: Date | null;
}

/** `f7` for fence 7: a name that no server takes for a place in an array. */
export const runKey = (fence: number): string => `f${fence}`;

export interface RunDocument {
  readonly fence: number;
  /** The same number twice where a run was postponed or handed back. */
  readonly attempt: number;
  readonly worker: string;
  readonly startedAt: Date;
  /** Both null while it runs. */
  readonly endedAt: Date | null;
  readonly outcome: RunOutcome | 'lost' | null;
  readonly error: string | null;
  readonly log: readonly LogLine[];
}

/**
 * `once`: one open job of a name, tenant and key has it. `_id`: `onceKeyId`. Whose job has ended, or is not there, may be
 * taken over.
 */
export interface OnceKeyDocument {
  readonly _id: string;
  readonly job: string;
  /** Of that job, when it took the key: who gives back or takes over what it had before does not touch it. */
  readonly returns: number;
}

export const onceKeyId = (name: string, tenant: string, key: string): string => JSON.stringify([name, tenant, key]);

/** When a tenant was last served of a definition: `served` is the fence it got. `_id`: JSON of name and tenant. */
export interface TurnDocument {
  readonly _id: string;
  readonly name: string;
  readonly tenant: string;
  readonly served: number;
  readonly servedAt: Date;
}

/**
 * The one document that claims go through: who writes the next token has decided which jobs are whose. Then the jobs are
 * written, by that worker, or by the next one that claims if it was lost.
 */
export interface ClaimsDocument {
  readonly _id: 'claims';
  readonly token: number;
  /** The last one that was handed out. */
  readonly fence: number;
  readonly worker: string;
  readonly at: Date;
  readonly leaseMs: number;
  readonly grants: readonly {
    readonly job: string;
    readonly name: string;
    readonly tenant: string;
    readonly fence: number;
  }[];
  /** Every grant was written into its job. */
  readonly isDone: boolean;
  /** Somebody looks for jobs to claim, until then at most. What decides is the token. */
  readonly busyUntil: Date;
}

/** `_id`: its name. */
export interface DefinitionDocument {
  readonly _id: string;
  readonly product: string;
  /** JSON. */
  readonly declared: string;
  readonly declaredAt: Date;
}

/** What the worker said that declared it last. */
export const declaredIn = ({ declared }: Pick<DefinitionDocument, 'declared'>): DescribedJob =>
  JSON.parse(declared) as DescribedJob;

/** `_id`: the name of its definition. */
export interface ScheduleDocument {
  readonly _id: string;
  readonly cron: string;
  readonly timezone: string;
  /** null: to be computed by the next worker that looks. */
  readonly nextDue: Date | null;
  readonly lastDue: Date | null;
  readonly missed: number;
  readonly pausedAt: Date | null;
  /** Moved on, and the jobs of these due times are to be inserted: by that worker, or by the next one that looks. */
  readonly firing: { readonly at: Date; readonly runs: readonly { readonly due: Date; readonly job: string }[] } | null;
}

/** One for each due time that was run. `_id`: JSON of schedule and due time. */
export interface FiringDocument {
  readonly _id: string;
  readonly schedule: string;
  readonly due: Date;
  readonly firedAt: Date;
  /** null: skipped, because the one before was still open. */
  readonly job: string | null;
}

export interface WorkerDocument {
  readonly _id: string;
  readonly names: readonly string[];
  readonly startedAt: Date;
  readonly seenAt: Date;
}

/** Tests move it. */
export interface ClockDocument {
  readonly _id: 'clock';
  readonly aheadMs: number;
  /** While there is one nobody works here: whoever asks for the time is told why. */
  readonly move?: MoveMark;
}

/** In a capped collection: definitions that have something new; null where they were too many to list. */
export interface WakeDocument {
  readonly names: readonly string[] | null;
}

/** In a capped collection: jobs that are not what they were a moment ago. */
export interface ChangeDocument {
  readonly changes: readonly {
    readonly id: string;
    readonly state: JobState;
    /** '' for none. */
    readonly tenant: string;
    readonly name: string;
  }[];
}

/** Somebody listens to changes, as they say every few seconds: while nobody does, nothing is told. */
export interface WatcherDocument {
  readonly _id: string;
  readonly seenAt: Date;
}
