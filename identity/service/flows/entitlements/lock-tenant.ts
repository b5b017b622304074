import { NotFound, type TenantId } from '@inevitable/contract';
import type { Rows } from '../../store/system-database.js';

export interface LockedTenant {
  readonly id: TenantId;
  readonly plan: string;
}

/**
 * The tenant of a slug or an id, of any status, locked until the commit: what is decided of its entitlements is decided one
 * after the other. A slug is shorter than an id. Throws `NotFound`.
 */
export async function lockTenant(rows: Rows, slugOrId: string): Promise<LockedTenant> {
  const [tenant] = await rows<LockedTenant>(
    'select id, plan from tenants where slug = $1 or id::text = $1 for no key update',
    [slugOrId],
  );
  if (!tenant) throw new NotFound('tenant');
  return tenant;
}
