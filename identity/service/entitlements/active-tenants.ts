import type { TenantId } from '@inevitable/contract';
import { BEFORE_ALL } from '../store/nil-id.js';
import type { SystemDatabase } from '../store/system-database.js';

/** A page of `TenantsPort.active`. */
export async function activeTenants({ rows }: SystemDatabase, after: TenantId | null): Promise<readonly TenantId[]> {
  const tenants = await rows<{ id: TenantId }>(
    `select id from tenants where status = 'active' and id > $1 order by id limit 500`,
    [after ?? BEFORE_ALL],
  );
  return tenants.map(({ id }) => id);
}
