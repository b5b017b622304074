import { NotFound, type TenantId } from '@inevitable/contract';
import type { Rows } from '../../store/system-database.js';
import { findTenantNamed } from '../administration/find-named.js';

export interface LockedTenant {
  readonly id: TenantId;
  readonly slug: string;
  readonly name: string;
  readonly plan: string;
  readonly status: string;
  readonly settings: unknown;
}

/**
 * A tenant of any status, held still until the commit: the first lock of every change of its plan and features, of its status,
 * and of who may do what in it, which so happen one after the other. `no key update` is as much as that takes: what merely
 * refers to the tenant, such as its use of a feature, is written meanwhile. null: there is no such tenant.
 */
export async function lockTenant(rows: Rows, tenantId: string): Promise<LockedTenant | null> {
  const [tenant] = await rows<LockedTenant>(
    'select id, slug, name, plan, status, settings from tenants where id = $1 for no key update',
    [tenantId],
  );
  return tenant ?? null;
}

/** By slug or id. Throws `NotFound`. */
export async function lockTenantNamed(rows: Rows, slugOrId: string): Promise<LockedTenant> {
  const tenant = await lockTenant(rows, await findTenantNamed(rows, slugOrId));
  if (!tenant) throw new NotFound('tenant');
  return tenant;
}
