import { z } from 'zod';
import { appendAudit } from '../../audit/append-audit.js';
import type { Origin } from '../../audit/origin.js';
import type { Tenant } from '../../generated/prisma/client.js';
import type { FlowDeps } from '../flow-deps.js';
import type { ActingMember } from '../members/acting-member.js';
import { withLockedTenant } from '../members/with-locked-tenant.js';
import { changedSettings } from './tenant-settings.js';
import { tenantName } from './tenant-texts.js';

export const updateTenantInput = z
  .strictObject({ name: tenantName.nullish(), settings: changedSettings.nullish() })
  .refine(({ name, settings }) => name != null || settings != null, 'must change something');

/** Changes name or settings of the caller's tenant; what is left out stays. Its slug stays for good. Throws `Forbidden`. */
export function updateTenant(
  { name, settings }: z.output<typeof updateTenantInput>,
  by: ActingMember,
  origin: Origin,
  deps: FlowDeps,
): Promise<Tenant> {
  const action = 'identity.update-tenant';
  return withLockedTenant({ action, by, permission: 'identity:tenant:admin' }, origin, deps, async (rows, { id }) => {
    const [tenant] = await rows<Tenant>(
      `update tenants set name = coalesce($2, name), settings = settings || coalesce($3::jsonb, '{}'), updated_at = stack_now()
       where id = $1
       returning id, slug, name, plan, status, settings, region, created_at as "createdAt", updated_at as "updatedAt"`,
      [id, name ?? null, settings ? JSON.stringify(settings) : null],
    );
    await appendAudit(rows, {
      tenantId: id,
      origin,
      action,
      outcome: 'success',
      subject: { type: 'Tenant', id },
      details: { changed: [...(name == null ? [] : ['name']), ...(settings == null ? [] : Object.keys(settings))] },
    });
    return tenant!;
  });
}
