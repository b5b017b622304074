import type { Pool, PoolClient, QueryResult } from 'pg';

/**
 * One transaction on a connection of a system role's pool: commits when `work` returns, rolls back when it throws. A
 * connection that cannot even do that is not given back. Throws what `work` throws.
 */
export async function inTransaction<T>(
  pool: Pool,
  work: (client: Pick<PoolClient, 'query'>) => Promise<T>,
): Promise<T> {
  const client = await pool.connect();
  let broken: Error | undefined;
  try {
    await client.query('begin');
    const result = await work(client);
    requireCommitted(await client.query('commit'));
    return result;
  } catch (error) {
    await client.query('rollback').catch((failure: Error) => (broken = failure));
    throw error;
  } finally {
    client.release(broken);
  }
}

/** PostgreSQL answers COMMIT with ROLLBACK when a statement before it failed and nobody noticed. */
export function requireCommitted({ command }: QueryResult): void {
  if (command !== 'COMMIT') throw new Error('The transaction was rolled back: a statement in it had failed.');
}
