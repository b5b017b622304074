import pg from 'pg';
import type { JobScope } from '../job-desk.js';

/** Runs one statement in the scope and answers its rows. */
export type AskInScope = <Row extends object>(text: string, values?: readonly unknown[]) => Promise<Row[]>;

/**
 * Calls `work` inside one transaction that is bound to the scope: row-level security and the store's functions read it
 * from there, so a query that forgets its tenant shows nothing of others. Commits when `work` returns, throws what it throws.
 */
export async function withinScope<T>(
  pool: pg.Pool,
  scope: JobScope,
  work: (ask: AskInScope) => Promise<T>,
): Promise<T> {
  const client = await pool.connect();
  try {
    await client.query(`begin; ${settingsOf(scope)}`);
    const result = await work(async (text, values = []) => (await client.query(text, [...values])).rows);
    await client.query('commit');
    client.release();
    return result;
  } catch (error) {
    // Closed in place of rolled back: it may be busy with a statement that was not answered in time.
    client.release(true);
    throw error;
  }
}

/** `set local`, so that the next user of the connection has nothing of it. */
function settingsOf(scope: JobScope): string {
  const settings =
    scope.kind === 'all'
      ? { all_tenants: 'yes', tenant_id: '', products: '' }
      : { all_tenants: '', tenant_id: scope.tenantId, products: scope.products.join(',') };
  return Object.entries(settings)
    .map(([name, value]) => `set local stack.${name} = ${pg.escapeLiteral(value)}`)
    .join('; ');
}
