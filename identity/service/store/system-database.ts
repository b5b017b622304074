import { createHash } from 'node:crypto';
import { inTransaction, openSystemPool } from '@inevitable/kit/host';

/** Sends one statement and answers its rows. */
export type Rows = <Row extends object>(statement: string, values?: readonly unknown[]) => Promise<readonly Row[]>;

/**
 * The system role's side of identity's database: what must be known before a tenant is, and what no resolver may read.
 * SQL and not Prisma: most of it is one conditional statement whose atomicity is the point.
 */
export interface SystemDatabase {
  readonly rows: Rows;
  /**
   * The same, for a statement that is one of a few and is sent again and again: each connection plans it once. Planning is
   * most of the work of a short statement with many parts (npm run bench:identity, reserve).
   */
  readonly prepared: Rows;
  /** Commits when `work` returns, rolls back when it throws. */
  transaction<T>(work: (rows: Rows) => Promise<T>): Promise<T>;
  /** One at a time among all processes on this database. */
  exclusively<T>(what: string, work: () => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

const names = new Map<string, string>();

/** Of a prepared statement: PostgreSQL cuts it after 63 bytes. */
function nameOf(text: string): string {
  let name = names.get(text);
  if (name === undefined) names.set(text, (name = createHash('sha256').update(text).digest('base64url')));
  return name;
}

export function openSystemDatabase(systemUrl: string): SystemDatabase {
  const pool = openSystemPool('identity', systemUrl);

  const transaction: SystemDatabase['transaction'] = (work) =>
    inTransaction(pool, (client) =>
      work(async (statement, values = []) => (await client.query(statement, [...values])).rows),
    );

  return {
    rows: async (statement, values = []) => (await pool.query(statement, [...values])).rows,
    prepared: async (text, values = []) => (await pool.query({ name: nameOf(text), text, values: [...values] })).rows,
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
