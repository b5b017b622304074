import { NotFound, type TenantId, type UserId } from '@inevitable/contract';
import { z } from 'zod';
import { appendAudit } from '../../audit/append-audit.js';
import type { Origin } from '../../audit/origin.js';
import { isDuplicate, type Rows } from '../../store/system-database.js';
import { addOrder, addParts, type DataOrder } from '../../tenant-data/data-orders.js';
import type { Self } from '../accounts/require-self.js';
import type { FlowDeps } from '../flow-deps.js';
import { idText } from '../id-text.js';
import { assertFreshSignIn } from '../sign-in/assert-fresh-sign-in.js';
import { findExport, type DataExport } from './find-export.js';
import { assertOwner } from './assert-owner.js';

export const exportTenantInput = z.strictObject({ id: idText });
export const exportAccountInput = z.strictObject({ id: idText });

/**
 * Orders an archive of everything in the caller's own tenant: every product adds its part. While one is being made, that is
 * the one. It takes the place of the one before. Throws `FreshSignInNeeded`, `Forbidden` for whoever is no owner, and `NotFound`.
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

/** For whoever may: asked before. Throws `NotFound`. */
export function orderTenantExport(
  tenantId: TenantId,
  askedBy: UserId | null,
  origin: Origin,
  deps: FlowDeps,
): Promise<DataExport> {
  const subject = { kind: 'tenant', tenantId } as const;
  return orderOnce(subject, deps, async (rows) => {
    const [tenant] = await rows(`select from tenants where id = $1 and status <> 'deleting' for no key update`, [
      tenantId,
    ]);
    if (!tenant) throw new NotFound('tenant');
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
    return order;
  });
}

/** Orders an archive of what is the person's own, in every tenant of theirs. Throws `FreshSignInNeeded` and `NotFound`. */
export async function exportAccount(
  { id }: z.output<typeof exportAccountInput>,
  { userId, sessionId }: Self,
  origin: Origin,
  deps: FlowDeps,
): Promise<DataExport> {
  if (id !== userId) throw new NotFound('account');
  await assertFreshSignIn(sessionId, deps);
  const subject = { kind: 'person', userId } as const;
  return orderOnce(subject, deps, async (rows) => {
    const tenants = await rows<{ id: TenantId }>(
      `select m.tenant_id as id from memberships m join tenants t on t.id = m.tenant_id
       where m.user_id = $1 and m.status = 'active' and t.status <> 'deleting' order by 1`,
      [userId],
    );
    const order = await addOrder(rows, { kind: 'export', subject, askedBy: userId, graceSeconds: 0 });
    const tenantIds = tenants.map((tenant) => tenant.id);
    await addParts(rows, order, deps.products(), tenantIds);
    await appendAudit(rows, {
      tenantId: null,
      origin,
      action: 'identity.export-account',
      outcome: 'success',
      subject: { type: 'User', id: userId },
      details: { order: order.id },
    });
    return order;
  });
}

/** The one under way where there is one; else a new one, and the one before it can be fetched no more. */
async function orderOnce(
  subject: Parameters<typeof findExport>[1],
  { db }: FlowDeps,
  order: (rows: Rows) => Promise<DataOrder>,
): Promise<DataExport> {
  try {
    await db.transaction(async (rows) => {
      const { id } = await order(rows);
      const own = subject.kind === 'tenant' ? 'tenant_id' : 'user_id';
      await rows(
        `update data_orders set state = 'over', expires_at = stack_now()
         where kind = 'export' and state = 'done' and ${own} = $1 and id <> $2`,
        [subject.kind === 'tenant' ? subject.tenantId : subject.userId, id],
      );
    });
  } catch (error) {
    if (!isDuplicate(error)) throw error;
  }
  return (await findExport(db.rows, subject))!;
}
