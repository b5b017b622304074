import { inTransaction, openSystemPool } from '@inevitable/kit/host';

/** Sends one statement and answers its rows. */
export type Rows = <Row extends object>(statement: string, values?: readonly unknown[]) => Promise<readonly Row[]>;

/**
 * The system role's side of identity's database: what must be known before a tenant is, and what no resolver may read.
 * SQL and not Prisma: most of it is one conditional statement whose atomicity is the point.
 */
export interface SystemDatabase {
  readonly rows: Rows;
  /** Commits when `work` returns, rolls back when it throws. */
  transaction<T>(work: (rows: Rows) => Promise<T>): Promise<T>;
  /** One at a time among all processes on this database. */
  exclusively<T>(what: string, work: () => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

export function openSystemDatabase(systemUrl: string): SystemDatabase {
  const pool = openSystemPool('identity', systemUrl);

  const transaction: SystemDatabase['transaction'] = (work) =>
    inTransaction(pool, (client) =>
      work(async (statement, values = []) => (await client.query(statement, [...values])).rows),
    );

  return {
    rows: async (statement, values = []) => (await pool.query(statement, [...values])).rows,
    transaction,
    exclusively: (what, work) =>
      transaction(async (rows) => {
        await rows('select pg_advisory_xact_lock(hashtextextended($1, 0))', [`identity:${what}`]);
        return work();
      }),
    close: () => pool.end(),
  };
}

/** PostgreSQL's unique_violation: the row exists already. */
export const isDuplicate = (error: unknown): boolean => (error as { code?: string } | null)?.code === '23505';
