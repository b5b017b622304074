import { deleteEveryFile, tenantFiles } from '@inevitable/kit/host';
import { appendAudit } from '../audit/append-audit.js';
import { OPERATOR } from '../audit/origin.js';
import { appendEnded } from '../revocation/append-ended.js';
import { auditSubject, IDENTITY, type DataOrder } from './data-orders.js';
import { erasePerson } from './erase-person.js';
import { eraseLongTables, eraseTenant } from './erase-tenant.js';
import type { ArchiveDeps } from './finish-archive.js';

export interface ErasureDeps extends ArchiveDeps {
  /** Every product that keeps something of tenants, but for core-identity. */
  readonly products: () => readonly string[];
}

/** Core-identity's own part of an erasure, once every product has done its own. False: another run was here first. */
export async function endErasure(order: DataOrder, deps: ErasureDeps, signal?: AbortSignal): Promise<boolean> {
  const { db, files, products } = deps;
  const { tenantId, userId } = order;
  let erased = 0;
  let filesErased = 0;
  if (tenantId !== null) {
    const [tenant] = await db.rows<{ status: string }>('select status from tenants where id = $1', [tenantId]);
    if (tenant?.status !== 'deleting') throw new Error(`Tenant ${tenantId} is to be erased, and is not being deleted.`);
    erased = await eraseLongTables(db, tenantId, signal);
    filesErased = await deleteEveryFile(tenantFiles(files, IDENTITY, tenantId));
  }
  return db.transaction(async (rows) => {
    const [open] = await rows(`select from data_orders where id = $1 and state = 'open' for update`, [order.id]);
    if (!open) return false;
    const gone =
      tenantId === null
        ? { rows: await erasePerson(rows, userId!), people: [userId!] }
        : await eraseTenant(rows, tenantId, products());
    await rows(
      `update data_parts set done_at = stack_now(), rows = $2, files = $3 where order_id = $1 and product = '${IDENTITY}'`,
      [order.id, erased + gone.rows, filesErased],
    );
    await rows(`update data_orders set state = 'done', ended_at = stack_now() where id = $1`, [order.id]);
    await appendAudit(rows, {
      tenantId,
      origin: OPERATOR,
      action: tenantId === null ? 'identity.erase-account' : 'identity.erase-tenant',
      outcome: 'success',
      subject: auditSubject(order),
      details: { order: order.id, accounts: gone.people.length },
    });
    await appendEnded(rows, { user: gone.people, ...(tenantId !== null && { tenant: [tenantId] }) });
    return true;
  });
}
