import { NotFound, type TenantId, type UserId } from '@inevitable/contract';
import { z } from 'zod';
import { appendAudit } from '../../audit/append-audit.js';
import type { Origin } from '../../audit/origin.js';
import { addOrder, addParts } from '../../data-orders/data-orders.js';
import type { Self } from '../accounts/require-self.js';
import type { FlowDeps } from '../flow-deps.js';
import { idText } from '../id-text.js';
import { assertOwner } from '../members/is-owner.js';
import { assertFreshSignIn } from '../sign-in/assert-fresh-sign-in.js';
import { lockTenant } from '../tenants/lock-tenant.js';
import type { DataExport } from './find-export.js';
import { orderOnce } from './order-once.js';

export const exportTenantInput = z.strictObject({ id: idText });

/**
 * Orders an archive of everything in the caller's own tenant, to which every product adds its part; the one under way where
 * there is one. Throws `FreshSignInNeeded`, `Forbidden` for whoever is no owner, and `NotFound` for another tenant.
 */
export async function exportTenant(
  { id }: z.output<typeof exportTenantInput>,
  self: Self,
  origin: Origin,
  deps: FlowDeps,
): Promise<DataExport> {
  if (id !== self.tenantId) throw new NotFound('tenant');
  await assertFreshSignIn(self.sessionId, deps);
  await assertOwner(deps.db.rows, self);
  return orderTenantExport(self.tenantId, self.userId, origin, deps);
}

/** For whoever may: asked before. `askedBy` null: an operator. Throws `NotFound`, also for a tenant that was given up. */
export function orderTenantExport(
  tenantId: TenantId,
  askedBy: UserId | null,
  origin: Origin,
  deps: FlowDeps,
): Promise<DataExport> {
  const subject = { kind: 'tenant', tenantId } as const;
  return orderOnce(subject, deps, async (rows) => {
    const tenant = await lockTenant(rows, tenantId);
    if (!tenant || tenant.status === 'deleting') throw new NotFound('tenant');
    const order = await addOrder(rows, { kind: 'export', subject, askedBy, graceSeconds: 0 });
    await addParts(rows, order, deps.products(), [tenantId]);
    await appendAudit(rows, {
      tenantId,
      origin,
      action: 'identity.export-tenant',
      outcome: 'success',
      subject: { type: 'Tenant', id: tenantId },
      details: { order: order.id },
    });
  });
}
