import type { TenantId } from '@inevitable/contract';
import { parseInput } from '@inevitable/kit';
import { appendAudit } from '../../audit/append-audit.js';
import type { Origin } from '../../audit/origin.js';
import type { FlowDeps } from '../flow-deps.js';
import { tenantName } from '../tenants/tenant-texts.js';
import { findTenantNamed } from './find-named.js';

/** Gives a tenant another name; its slug stays for good. Throws `NotFound` and `BadUserInput`. */
export function renameTenant(
  { tenant, name }: { readonly tenant: string; readonly name: string },
  origin: Origin,
  { db }: FlowDeps,
): Promise<TenantId> {
  const wanted = parseInput(tenantName, name, 'name');
  return db.transaction(async (rows) => {
    const tenantId = await findTenantNamed(rows, tenant);
    await rows('update tenants set name = $2, updated_at = stack_now() where id = $1', [tenantId, wanted]);
    await appendAudit(rows, {
      tenantId,
      origin,
      action: 'identity.update-tenant',
      outcome: 'success',
      subject: { type: 'Tenant', id: tenantId },
      details: { changed: ['name'] },
    });
    return tenantId;
  });
}
