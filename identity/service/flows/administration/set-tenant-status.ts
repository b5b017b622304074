import { Conflict, NotFound, type TenantId } from '@inevitable/contract';
import { plainText } from '@inevitable/kit';
import { z } from 'zod';
import { appendAudit } from '../../audit/append-audit.js';
import type { Origin } from '../../audit/origin.js';
import { appendRevocations } from '../../revocation/append-revocations.js';
import type { FlowDeps } from '../flow-deps.js';
import { idText } from '../id-text.js';
import { lockTenant } from '../tenants/lock-tenant.js';

/** Why an administrator of the platform does something; kept in the audit. */
export const reasonText = plainText({ min: 1, max: 500 });
export const suspendTenantInput = z.strictObject({ id: idText, reason: reasonText });
export const reactivateTenantInput = z.strictObject({ id: idText });

export interface TenantStatusSet {
  readonly tenantId: TenantId;
  readonly status: 'active' | 'suspended';
}

/**
 * Nobody signs in to a suspended tenant, and every token for it ends within the revocation bound; nothing in it is lost. A
 * suspended one stays as it is. Throws `NotFound`, and `Conflict` for one that is being deleted.
 */
export const suspendTenant = (
  { id, reason }: z.output<typeof suspendTenantInput>,
  origin: Origin,
  deps: FlowDeps,
): Promise<TenantStatusSet> => setStatus({ id, status: 'suspended', reason }, origin, deps);

/** Ends a suspension. Sessions that were not ended meanwhile go on. Throws as `suspendTenant` does. */
export const reactivateTenant = (
  { id }: z.output<typeof reactivateTenantInput>,
  origin: Origin,
  deps: FlowDeps,
): Promise<TenantStatusSet> => setStatus({ id, status: 'active', reason: null }, origin, deps);

interface StatusToSet {
  readonly id: string;
  readonly status: TenantStatusSet['status'];
  readonly reason: string | null;
}

function setStatus({ id, status, reason }: StatusToSet, origin: Origin, { db }: FlowDeps): Promise<TenantStatusSet> {
  return db.transaction(async (rows) => {
    const tenant = await lockTenant(rows, id);
    if (!tenant) throw new NotFound('tenant');
    if (tenant.status === 'deleting') throw new Conflict('The tenant is being deleted.');
    if (tenant.status !== status) {
      await rows('update tenants set status = $2, updated_at = stack_now() where id = $1', [id, status]);
      await appendAudit(rows, {
        tenantId: tenant.id,
        origin,
        action: status === 'suspended' ? 'identity.suspend-tenant' : 'identity.reactivate-tenant',
        outcome: 'success',
        subject: { type: 'Tenant', id },
        ...(reason !== null && { personal: { userId: null, data: { reason } } }), // what somebody wrote may name people
      });
      await appendRevocations(rows, 'tenant', [id]);
    }
    return { tenantId: tenant.id, status };
  });
}
