import type { Pool } from 'pg';
import { z } from 'zod';
import { defineJob, type JobDefinition } from '../jobs/define-job.js';
import { ownJobName } from '../jobs/own-job-name.js';
import type { SubgraphDeclaration } from '../subgraph/define-subgraph.js';

/** Sent records stay this long, for whoever asks what became of one. */
const KEEP_SENT = '1 day';
/** How many rows one statement removes at most: its locks are short. */
const BATCH = 5_000;

const PURGE = `
  delete from outbox where (tenant_id, id) in (
    select tenant_id, id from outbox where sent_at < stack_now() - interval '${KEEP_SENT}'
    limit ${BATCH} for update skip locked)`;

/**
 * Removes records that were sent more than a day ago; answers how many. Unsent ones stay, however old. `pool`: of the
 * product's system role. Rejects with the reason of `signal` between two batches, and with what PostgreSQL says.
 */
export async function purgeOutbox(pool: Pool, signal?: AbortSignal): Promise<number> {
  let removed = 0;
  for (let batch = BATCH; batch === BATCH; removed += batch) {
    signal?.throwIfAborted();
    batch = (await pool.query(PURGE)).rowCount ?? 0;
  }
  return removed;
}

/**
 * The kit's own job of every product with a database: `<product>.purge-outbox`. Throws `BadJob` where the product
 * declares one of that name.
 */
export function purgeOutboxJob(declaration: SubgraphDeclaration, pool: Pool): JobDefinition {
  return defineJob({
    name: ownJobName(declaration, 'purge-outbox'),
    description: 'Removes outbox records that were sent more than a day ago.',
    payload: z.object({}),
    schedule: { cron: '42 * * * *' },
    timeoutMs: 600_000,
    concurrency: 1,
    async run({ signal, log }) {
      log.info('sent outbox records removed', { records: await purgeOutbox(pool, signal) });
    },
  });
}
