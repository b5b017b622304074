import type { UserId } from '@inevitable/contract';
import { z } from 'zod';
import { except } from '../../access/judge-role-change.js';
import { appendAudit } from '../../audit/append-audit.js';
import type { Origin } from '../../audit/origin.js';
import type { TenantRole } from '../../generated/prisma/client.js';
import { appendEnded } from '../../revocation/append-ended.js';
import { lockPeople } from '../accounts/lock-person.js';
import type { FlowDeps } from '../flow-deps.js';
import { idText } from '../id-text.js';
import type { ActingMember } from '../members/acting-member.js';
import { withLockedTenant } from '../members/with-locked-tenant.js';
import { renewSessions } from '../sessions/renew-sessions.js';
import { withinTransaction } from '../within-transaction.js';
import { assertCustomRoles, assertDeclared, assertOwn, permissionNames, ROLE_COLUMNS } from './custom-role.js';
import { findRole } from './find-role.js';

export const updateRoleInput = z.strictObject({ id: idText, permissions: permissionNames });

/**
 * Gives a role of the tenant's own exactly these permissions. Whoever has it gets other tokens, and their sessions go on under
 * new ids. The name stays: it stands in tokens and records. Throws `NotEntitled`, `NotFound`, `BadUserInput` and `Forbidden`.
 */
export async function updateRole(
  { id, permissions }: z.output<typeof updateRoleInput>,
  by: ActingMember,
  origin: Origin,
  deps: FlowDeps,
): Promise<TenantRole> {
  const action = 'identity.update-role';
  return withLockedTenant(
    { action, by, permission: 'identity:roles:admin' },
    origin,
    deps,
    async (rows, { id: tenantId }, standing) => {
      await assertCustomRoles(withinTransaction(rows, deps), tenantId);
      const role = await findRole(rows, tenantId, id);
      const added = except(permissions, role.permissions);
      const removed = except(role.permissions, permissions);
      if (added.length === 0 && removed.length === 0) return role;
      assertDeclared(added, deps); // what a product that is gone had declared may stay, and may go
      const declared = removed.filter((permission) => deps.permissions().includes(permission));
      assertOwn(standing, [...added, ...declared]);
      const [updated] = await rows<TenantRole>(
        `update tenant_roles set permissions = $3, updated_at = stack_now() where tenant_id = $1 and id = $2
         returning ${ROLE_COLUMNS}`,
        [tenantId, id, permissions],
      );
      const holders = await rows<{ userId: UserId }>(
        `select user_id as "userId" from memberships
         where tenant_id = $1 and status = 'active' and $2 = any (roles) order by user_id`,
        [tenantId, role.name],
      );
      const userIds = holders.map(({ userId }) => userId);
      await lockPeople(rows, userIds);
      await appendAudit(rows, {
        tenantId,
        origin,
        action,
        outcome: 'success',
        subject: { type: 'TenantRole', id },
        details: { name: role.name, added, removed },
      });
      const session = await renewSessions(rows, { userIds, tenantId });
      await appendEnded(rows, { membership: userIds.map((userId) => `${tenantId}/${userId}`), session });
      return updated!;
    },
  );
}
