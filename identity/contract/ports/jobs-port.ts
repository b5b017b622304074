/** One job to run, as the outbox carries it. */
export interface JobRecord {
  /** The outbox record's id is the job's key: inserting it twice makes one job. */
  readonly id: string;
  readonly name: string;
  readonly tenantId: string | null;
  readonly payload: unknown;
  readonly correlationId: string;
  readonly runAt: string;
}

export interface FailedJob {
  readonly id: string;
  readonly name: string;
  readonly tenantId: string | null;
  readonly attempts: number;
  readonly reason: string;
  readonly failedAt: string;
}

export interface JobsOverview {
  readonly waiting: number;
  readonly running: number;
  readonly failed: number;
  /** The latest failures first, at most 20. */
  readonly latestFailures: readonly FailedJob[];
}

export interface JobsPort {
  /** Idempotent by `id`; returns when the store has all of them. */
  insert(jobs: readonly JobRecord[]): Promise<void>;
}
