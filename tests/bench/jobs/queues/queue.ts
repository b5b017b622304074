/** Where a queue's processes find their database. */
export interface QueueDatabase {
  /** As superuser. */
  readonly url: string;
  /** From which passwords of roles are derived. */
  readonly secret: string;
}

/** One of the two that are compared. Its worker and its producer are modules that run as processes. */
export interface Queue {
  readonly worker: URL;
  readonly producer: URL;
  /** Makes the tables in a database that has none. */
  prepare(database: QueueDatabase): Promise<void>;
  /** Puts jobs in the store in bulk, past every API: numbers 0 to `jobs` - 1, tenants in turn up to `tenants`. */
  fill(database: QueueDatabase, jobs: number, tenants: number): Promise<void>;
}
