import type { TenantId } from '@inevitable/contract';
import { BEFORE_ALL } from '../store/nil-id.js';
import { BATCH, inBatches } from '../store/in-batches.js';
import type { SystemDatabase } from '../store/system-database.js';

const PAGE = 500;

interface ClosedCounter {
  readonly tenant_id: TenantId;
  readonly feature: string;
  readonly period_start: Date;
}

/** Through the index of the ledger, feature by feature: no index on time has to be written with every reservation. */
const PURGE = `
  with purged as (
    delete from reservations where (tenant_id, id) in (
      select tenant_id, id from reservations
      where tenant_id = $1 and feature = $2 and period_start = $3 and state = any ('{committed,released,expired}')
      limit ${BATCH} for update skip locked)
    returning 1
  )
  select count(*)::int as purged from purged`;

/**
 * Removes what was settled in periods that began more than 13 months ago; answers how many reservations. Their counters
 * stay, and are final; so does what came from grants (reservation_grants). A key is free again then.
 */
export async function purgeLedger({ rows }: SystemDatabase, signal?: AbortSignal): Promise<number> {
  let purged = 0;
  let page: readonly ClosedCounter[];
  let after: ClosedCounter = { tenant_id: BEFORE_ALL as TenantId, feature: '', period_start: new Date(0) };
  do {
    signal?.throwIfAborted();
    page = await rows<ClosedCounter>(
      `select tenant_id, feature, period_start from usage_counters
       where period_start < (date_trunc('month', stack_now() at time zone 'UTC') - interval '13 months') at time zone 'UTC'
         and (tenant_id, feature, period_start) > ($1, $2, $3)
       order by tenant_id, feature, period_start limit ${PAGE}`,
      [after.tenant_id, after.feature, after.period_start],
    );
    for (const { tenant_id, feature, period_start } of page)
      purged += await inBatches(async () => {
        const [removed] = await rows<{ purged: number }>(PURGE, [tenant_id, feature, period_start]);
        return removed!.purged;
      }, signal);
    after = page.at(-1) ?? after;
  } while (page.length === PAGE);
  return purged;
}
