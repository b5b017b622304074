import { NotFound, type TenantId } from '@inevitable/contract';
import { z } from 'zod';
import { appendAudit } from '../../audit/append-audit.js';
import type { Origin } from '../../audit/origin.js';
import { addOrder, addParts } from '../../data-orders/data-orders.js';
import type { Self } from '../accounts/require-self.js';
import type { FlowDeps } from '../flow-deps.js';
import { idText } from '../id-text.js';
import { assertFreshSignIn } from '../sign-in/assert-fresh-sign-in.js';
import type { DataExport } from './find-export.js';
import { orderOnce } from './order-once.js';

export const exportAccountInput = z.strictObject({ id: idText });

/**
 * Orders an archive of what is the person's own, in every tenant of theirs; the one under way where there is one. Throws
 * `FreshSignInNeeded`, and `NotFound` for another id.
 */
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
    await addParts(
      rows,
      order,
      deps.products(),
      tenants.map((tenant) => tenant.id),
    );
    await appendAudit(rows, {
      tenantId: null,
      origin,
      action: 'identity.export-account',
      outcome: 'success',
      subject: { type: 'User', id: userId },
      details: { order: order.id },
    });
  });
}
