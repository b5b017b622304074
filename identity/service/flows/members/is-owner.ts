import { Forbidden, type TenantId, type UserId } from '@inevitable/contract';
import type { Rows } from '../../store/system-database.js';

/** Whether somebody owns a tenant at this moment, whatever their token says. */
export async function isOwner(
  rows: Rows,
  who: { readonly userId: UserId; readonly tenantId: TenantId },
): Promise<boolean> {
  const owners = await rows(
    `select from memberships m join users u on u.id = m.user_id and u.status = 'active'
     where m.tenant_id = $1 and m.user_id = $2 and m.status = 'active' and 'owner' = any (m.roles)`,
    [who.tenantId, who.userId],
  );
  return owners.length > 0;
}

/** An archive has everything of everybody in it, and a deletion takes it: that is no administrator's business. Throws `Forbidden`. */
export async function assertOwner(rows: Rows, who: Parameters<typeof isOwner>[1]): Promise<void> {
  if (!(await isOwner(rows, who))) throw new Forbidden('Only an owner of the tenant may do this.');
}
