/** Where a queue's processes find their databases. */
export interface QueueDatabase {
  /** PostgreSQL's, as superuser. Rows of products are there, wherever jobs are. */
  readonly url: string;
  /** From which passwords of roles are derived. */
  readonly secret: string;
  /** Where jobs are; null: in PostgreSQL, too. Drivers that are given it tell of their commands. */
  readonly mongoUrl: string | null;
}

/** One of the two that are compared. Its worker and its producer are modules that run as processes. */
export interface Queue {
  readonly worker: URL;
  readonly producer: URL;
  /** Makes the tables in a PostgreSQL database that has none. */
  prepare(database: QueueDatabase): Promise<void>;
  /** Makes what it wants in an empty database of MongoDB. */
  prepareMongo(mongoUrl: string): Promise<void>;
  /** Puts jobs in the store in bulk, past every API: numbers 0 to `jobs` - 1, tenants in turn up to `tenants`. */
  fill(database: QueueDatabase, jobs: number, tenants: number): Promise<void>;
}
