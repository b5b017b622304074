import type { TenantId } from '@inevitable/contract';
import { appendAudit } from '../../audit/append-audit.js';
import type { Origin } from '../../audit/origin.js';
import type { FlowDeps } from '../flow-deps.js';
import { createTenant } from '../tenants/create-tenant.js';
import { makeOwner } from '../tenants/make-tenant.js';
import { withinTransaction } from '../within-transaction.js';
import { findUserNamed } from './find-named.js';

export interface TenantToCreate {
  readonly slug: string;
  readonly name: string;
  /** `free` unless told. */
  readonly plan?: 'free' | 'pro' | 'enterprise' | undefined;
  /** E-mail address, user name or id of whoever owns it; left out: nobody yet. */
  readonly owner?: string | undefined;
}

/** A tenant that an operator makes. Throws `BadUserInput`, `NotFound` for an unknown owner, and `Conflict` for a taken slug. */
export function createOperatedTenant(
  { owner, slug, name, plan }: TenantToCreate,
  origin: Origin,
  deps: FlowDeps,
): Promise<TenantId> {
  return deps.db.transaction(async (rows) => {
    const tenantId = await createTenant({ slug, name, ...(plan && { plan }) }, withinTransaction(rows, deps));
    if (owner !== undefined) await makeOwner(rows, tenantId, await findUserNamed(rows, owner));
    await appendAudit(rows, {
      tenantId,
      origin,
      action: 'identity.create-tenant',
      outcome: 'success',
      subject: { type: 'Tenant', id: tenantId },
    });
    return tenantId;
  });
}
