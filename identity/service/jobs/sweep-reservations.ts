import type { TenantId } from '@inevitable/contract';
import { releaseExpired } from '../entitlements/release-expired.js';
import { BEFORE_ALL } from '../store/nil-id.js';
import type { SystemDatabase } from '../store/system-database.js';

const PAGE = 500;
const FIRST: Overdue = { tenant_id: BEFORE_ALL as TenantId, feature: '' };

interface Overdue {
  readonly tenant_id: TenantId;
  readonly feature: string;
}

/**
 * Gives back what reservations hold past their 15 minutes, whatever their tenant and its status, in one pass over the
 * features that have any; answers how many reservations did. Those of one feature are released by the same statement as
 * before a refusal, so that the two cannot deadlock.
 */
export async function sweepReservations(db: SystemDatabase, signal?: AbortSignal): Promise<number> {
  let released = 0;
  let page: readonly Overdue[];
  let after = FIRST;
  do {
    signal?.throwIfAborted();
    page = await db.rows<Overdue>(
      `select tenant_id, feature from reservations
       where state = 'reserved' and expires_at <= stack_now() and (tenant_id, feature) > ($1, $2)
       group by tenant_id, feature order by tenant_id, feature limit ${PAGE}`,
      [after.tenant_id, after.feature],
    );
    for (const { tenant_id, feature } of page) released += await releaseExpired(db, tenant_id, feature, signal);
    after = page.at(-1) ?? after;
  } while (page.length === PAGE);
  return released;
}
