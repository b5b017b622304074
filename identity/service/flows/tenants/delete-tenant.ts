import { BadUserInput, Conflict, NotFound, type TenantId, type UserId } from '@inevitable/contract';
import { z } from 'zod';
import { appendAudit } from '../../audit/append-audit.js';
import type { Origin } from '../../audit/origin.js';
import { queueMail } from '../../mail/queue-mail.js';
import { tenantDeletionMail } from '../../mail/departure-mails.js';
import { appendRevocations } from '../../revocation/append-revocations.js';
import type { Rows } from '../../store/system-database.js';
import { addErasedParts, addOrder, SHORTEST_GRACE_SECONDS } from '../../data-orders/data-orders.js';
import type { Self } from '../accounts/require-self.js';
import { reasonText } from '../administration/set-tenant-status.js';
import type { FlowDeps } from '../flow-deps.js';
import { idText } from '../id-text.js';
import { assertFreshSignIn } from '../sign-in/assert-fresh-sign-in.js';
import { assertOwner } from '../members/is-owner.js';
import { lockTenant } from './lock-tenant.js';
import { tenantSlug } from './tenant-texts.js';

/** The slug is asked for too: it is typed, and an id is pasted. */
export const deleteTenantInput = z.strictObject({ id: idText, slug: tenantSlug, reason: reasonText.nullish() });

/** How long everything is kept of a tenant that nobody can enter any more. */
export const GRACE_DAYS = 30;

export interface TenantDeletion {
  readonly tenantId: TenantId;
  readonly slug: string;
  /** Nothing is lost before. */
  readonly erasesAt: Date;
}

export interface TenantToDelete {
  readonly tenantId: TenantId;
  /** As whoever decides has typed it; null: it was not asked for. */
  readonly slug: string | null;
  readonly reason: string | null;
  readonly graceDays: number;
}

/**
 * Gives up the caller's own tenant: nobody signs in to it from now on, and after 30 days everything in it is erased, in every
 * product. Throws `FreshSignInNeeded`, `Forbidden` for whoever is no owner, `BadUserInput` for another slug, and `NotFound`.
 */
export async function deleteOwnTenant(
  { id, slug, reason }: z.output<typeof deleteTenantInput>,
  self: Self,
  origin: Origin,
  deps: FlowDeps,
): Promise<TenantDeletion> {
  if (id !== self.tenantId) throw new NotFound('tenant');
  await assertFreshSignIn(self.sessionId, deps);
  await assertOwner(deps.db.rows, self);
  return deleteTenant({ tenantId: self.tenantId, slug, reason: reason ?? null, graceDays: GRACE_DAYS }, origin, deps);
}

/** For whoever may: asked before. Throws `NotFound`, `BadUserInput`, and `Conflict` for one that is being deleted. */
export function deleteTenant(
  { tenantId, slug, reason, graceDays }: TenantToDelete,
  origin: Origin,
  { db, seal, products }: FlowDeps,
): Promise<TenantDeletion> {
  return db.transaction(async (rows) => {
    const tenant = await lockTenant(rows, tenantId);
    if (!tenant) throw new NotFound('tenant');
    if (slug !== null && tenant.slug !== slug) throw new BadUserInput('is not that of this tenant', 'input.slug');
    if (tenant.status === 'deleting') throw new Conflict('The tenant is being deleted.');
    await rows(`update tenants set status = 'deleting', updated_at = stack_now() where id = $1`, [tenantId]);
    // An archive that is not whole yet is nobody's any more: no product is to begin another part of it.
    await rows(
      `update data_orders set state = 'over', expires_at = stack_now() where kind = 'export' and tenant_id = $1 and state = 'open'`,
      [tenantId],
    );
    const order = await addOrder(rows, {
      kind: 'erase',
      subject: { kind: 'tenant', tenantId },
      askedBy: origin.actor.kind === 'user' ? origin.actor.id : null,
      graceSeconds: Math.max(graceDays * 86_400, SHORTEST_GRACE_SECONDS),
      statusBefore: tenant.status === 'suspended' ? 'suspended' : 'active',
    });
    await addErasedParts(rows, order, products());
    const { id, dueAt } = order;
    for (const recipient of await ownersOf(rows, tenantId))
      await queueMail(rows, seal, tenantDeletionMail({ recipient, slug: tenant.slug, erasesAt: dueAt }));
    await appendAudit(rows, {
      tenantId,
      origin,
      action: 'identity.delete-tenant',
      outcome: 'success',
      subject: { type: 'Tenant', id: tenantId },
      details: { order: id, erasesAt: dueAt.toISOString() },
      ...(reason !== null && { personal: { userId: null, data: { reason } } }),
    });
    await appendRevocations(rows, 'tenant', [tenantId]);
    return { tenantId, slug: tenant.slug, erasesAt: dueAt };
  });
}

async function ownersOf(rows: Rows, tenantId: TenantId): Promise<readonly string[]> {
  const owners = await rows<{ id: UserId; email: string }>(
    `select u.id, u.email from memberships m join users u on u.id = m.user_id
     where m.tenant_id = $1 and m.status = 'active' and 'owner' = any (m.roles) order by u.id`,
    [tenantId],
  );
  return owners.map(({ email }) => email);
}
