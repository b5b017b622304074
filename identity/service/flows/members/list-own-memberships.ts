import type { UserId } from '@inevitable/contract';
import type { PageToRead } from '@inevitable/kit';
import { BEFORE_ALL } from '../../store/nil-id.js';
import type { SystemDatabase } from '../../store/system-database.js';
import type { OwnMembership } from './admit.js';

/** Where the person is an active member, of tenants that are in use: what they can switch to. */
export const listOwnMemberships = (
  { rows }: SystemDatabase,
  userId: UserId,
  { take, afterId }: PageToRead,
): Promise<readonly OwnMembership[]> =>
  rows<OwnMembership>(
    `select m.id, t.id as "tenantId", t.slug, t.name, m.roles, m.created_at as "joinedAt"
     from memberships m join tenants t on t.id = m.tenant_id and t.status = 'active'
     where m.user_id = $1 and m.id > $2 and m.status = 'active' order by m.id limit $3`,
    [userId, afterId ?? BEFORE_ALL, take],
  );
