import type { TenantId, UserId } from '@inevitable/contract';
import type { SystemDatabase } from '../../store/system-database.js';

/** The active tenants a person is an active member of, at most two; only `wanted` (slug or id) when it is given. */
export async function findTenantsOf(
  { rows }: SystemDatabase,
  userId: UserId,
  wanted: string | null,
): Promise<readonly TenantId[]> {
  const tenants = await rows<{ id: TenantId }>(
    `select t.id from memberships m join tenants t on t.id = m.tenant_id and t.status = 'active'
     where m.user_id = $1 and m.status = 'active' and ($2::text is null or t.slug = $2 or t.id::text = $2) limit 2`,
    [userId, wanted],
  );
  return tenants.map(({ id }) => id);
}
