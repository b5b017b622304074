import type { Pool } from 'pg';

/**
 * A connection that is lost fails the statement that is under way, or the next one, and is replaced by the next checkout.
 * It also emits `error`, idle or in the middle of a transaction: where nobody hears that, Node ends the process.
 */
export function surviveLostConnections(pool: Pool): void {
  pool.on('error', () => undefined);
  pool.on('connect', (client) => client.on('error', () => undefined));
}
