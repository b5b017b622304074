import type { JobRecord, JobsPort, TenantId } from '@inevitable/contract';

/** What the store keeps of a job's run. */
export type RunOutcome = 'succeeded' | 'skipped' | 'failed' | 'postponed' | 'interrupted' | 'cancelled';

/** A job that a worker holds until its lease ends. */
export interface ClaimedJob {
  readonly id: string;
  readonly name: string;
  readonly tenantId: string | null;
  readonly payload: unknown;
  readonly correlationId: string;
  readonly trace: string | null;
  readonly priority: number;
  readonly fansOut: boolean;
  readonly schedule: string | null;
  /** Grows with every claim of any job: whoever holds an older one may write nothing. */
  readonly fence: number;
  /** 1 for the first run. */
  readonly attempt: number;
  /** Handed out to give back what it holds, not to be run: it ends as `cancelled` then. */
  readonly isCancelled: boolean;
  /** What the run before ended with, if that was not well. */
  readonly error: string | null;
  /** Milliseconds between when it might run and its claim. */
  readonly delayMs: number;
}

/** A definition a worker has room for. */
export interface WantedJobs {
  readonly name: string;
  readonly room: number;
  /** Runs at once, over all workers; null: no limit. */
  readonly perTenant: number | null;
  readonly perProduct: number | null;
  /** Of this worker's places, what one tenant may hold; null: all of them. */
  readonly share: number | null;
  /** Where its last claim ended: with more tenants than are looked at in one claim, all are looked at in turn. */
  readonly afterTenant: string | null;
}

export interface ClaimRequest {
  readonly worker: string;
  readonly leaseMs: number;
  readonly wanted: readonly WantedJobs[];
}

/** What the store has to do, by its own clock. */
export interface Look {
  readonly readyNames: readonly string[];
  /** Until the next job or schedule comes due; null: none will. */
  readonly nextWakeMs: number | null;
  readonly dueSchedules: readonly DueSchedule[];
  readonly now: Date;
}

export interface DueSchedule {
  readonly name: string;
  /** null: it was never computed, or is to be computed anew. */
  readonly nextDue: Date | null;
  /** As the worker declared that came last. */
  readonly cron: string;
  readonly timezone: string;
}

export interface LogLine {
  readonly at: string;
  readonly level: string;
  readonly message: string;
}

export interface HeldRun {
  readonly id: string;
  readonly fence: number;
  /** 0 to 1. */
  readonly progress?: number;
  readonly note?: string;
  readonly log?: readonly LogLine[];
}

export interface EndedRun {
  readonly id: string;
  readonly fence: number;
  readonly outcome: RunOutcome;
  readonly error?: string;
  /** Failed: milliseconds to the next run, null for none: the job is dead. Postponed: likewise, never null. */
  readonly waitMs?: number | null;
  readonly note?: string;
  readonly log?: readonly LogLine[];
}

/** Jobs of one product in one state. */
export interface JobDepth {
  readonly product: string;
  readonly state: 'blocked' | 'scheduled' | 'ready' | 'running' | 'dead';
  readonly count: number;
  /** Milliseconds since the oldest of them might run. */
  readonly oldestMs: number;
  /** Of the dead, those that died within the last hour. */
  readonly diedLately: number;
}

/** What a worker says of a definition when it starts. */
export interface DeclaredDefinition {
  readonly name: string;
  readonly product: string;
  /** JSON; what the graph shows. */
  readonly declared: object;
  readonly cron: string | null;
  readonly timezone: string | null;
}

export interface ScheduleFiring {
  readonly schedule: string;
  /** As `look` told them: of an older worker's code nothing is fired. */
  readonly cron: string;
  readonly timezone: string;
  readonly expected: Date | null;
  readonly next: Date;
  /** Due times that get no run. */
  readonly missed: number;
  readonly runs: readonly { readonly due: Date; readonly job: JobRecord }[];
}

/** What a call to erase a tenant's jobs did, and left. */
export interface ErasedJobs {
  readonly removed: number;
  /** Are left until their runs end, and go when they are to be erased once more. */
  readonly running: number;
}

/**
 * Where jobs wait, run and end. A call is judged by the store's clock, and is done as a whole: in PostgreSQL it is one
 * transaction, in MongoDB whoever comes next finishes what a crash left of it. What an implementation has to keep is a
 * contract suite (tests/contracts/job-store).
 */
export interface JobStore extends JobsPort {
  /** Makes the worker known, with the definitions it runs. */
  declare(worker: string, definitions: readonly DeclaredDefinition[]): Promise<void>;
  /** It runs nothing any more. */
  leave(worker: string): Promise<void>;
  look(): Promise<Look>;
  claim(request: ClaimRequest): Promise<readonly ClaimedJob[]>;
  /** Answers the ids of those it still holds. Also without any: the worker lives. */
  renew(worker: string, leaseMs: number, held: readonly HeldRun[]): Promise<ReadonlySet<string>>;
  /** Claimed and never begun: as if they had not been. */
  release(jobs: readonly Pick<ClaimedJob, 'id' | 'fence'>[]): Promise<void>;
  /** What the worker holds in the store and does not know of: as if it had not been claimed. */
  releaseOthers(worker: string, knownFences: readonly number[]): Promise<void>;
  /** Answers the ids of those it held until now; the others' ends were not written. */
  end(runs: readonly EndedRun[]): Promise<ReadonlySet<string>>;
  /** False: another worker was first, or the schedule is paused. */
  fire(firing: ScheduleFiring): Promise<boolean>;
  /** Removes ended jobs that are older; answers how many. Fewer than `most`: no more are left. */
  purge(keepMs: number, most: number): Promise<number>;
  /**
   * Removes a tenant's jobs of one product, and all that is kept with them, in any state but `running`. Fewer than `most`
   * removed: no more are left but those that run.
   */
  eraseTenant(product: string, tenantId: TenantId, most: number): Promise<ErasedJobs>;
  /** How many jobs it has of that product, in any state. */
  countTenant(product: string, tenantId: TenantId): Promise<number>;
  /** Of open and dead jobs; by product and state. */
  depths(): Promise<readonly JobDepth[]>;
  /** Hears which definitions have something new, null where that may be any of them. */
  watch(woken: (names: readonly string[] | null) => void): JobStoreWatch;
  close(): Promise<void>;
}

/** Hearing is a hint and can be lost; looking at intervals is the promise. */
export interface JobStoreWatch {
  readonly state: 'connecting' | 'connected' | 'broken';
  stop(): Promise<void>;
}
