/** One job to run, as the outbox carries it. */
export interface JobRecord {
  /** The outbox record's id is the job's key: inserting it twice makes one job. */
  readonly id: string;
  readonly name: string;
  readonly tenantId: string | null;
  readonly payload: unknown;
  readonly correlationId: string;
  /** W3C `traceparent` of the request that enqueued it. */
  readonly trace: string | null;
  /** Dropped where an open job of the same name and tenant has the same key. */
  readonly onceKey: string | null;
  /** Higher ones first, among one tenant's jobs. */
  readonly priority: number;
  /** ISO 8601; null: at once. */
  readonly runAt: string | null;
  /** Ids of jobs of the same tenant that must have succeeded first. */
  readonly after: readonly string[];
  /** Makes one job for each active tenant, in place of running. */
  readonly fansOut?: boolean;
  /** The schedule it came due by. */
  readonly schedule?: string;
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
  /** Of those that are dead, the 20 made last. */
  readonly latestFailures: readonly FailedJob[];
}

export interface JobsPort {
  /** Idempotent by `id`; returns when the store has all of them. */
  insert(jobs: readonly JobRecord[]): Promise<void>;
}
