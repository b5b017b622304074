import { Forbidden } from '@inevitable/contract';
import { z } from 'zod';
import { judgeRoleChange } from '../../access/judge-role-change.js';
import { appendAudit } from '../../audit/append-audit.js';
import type { Origin } from '../../audit/origin.js';
import type { Membership } from '../../generated/prisma/client.js';
import { appendEnded } from '../../revocation/append-ended.js';
import { lockPerson } from '../accounts/lock-person.js';
import type { FlowDeps } from '../flow-deps.js';
import { idText } from '../id-text.js';
import { Refusal } from '../refusals.js';
import { renewSessions } from '../sessions/renew-sessions.js';
import type { ActingMember } from './acting-member.js';
import { assertAnotherOwner, findMember, MEMBERSHIP_COLUMNS } from './find-member.js';
import { assertRolesExist, roleNames } from './role-names.js';
import { withLockedTenant } from './with-locked-tenant.js';

export const changeMemberRolesInput = z.strictObject({ membershipId: idText, roles: roleNames });

/**
 * Gives a member exactly these roles. Their tokens end, and their sessions go on under new ids; the same roles again change
 * nothing. Throws `NotFound`, `BadUserInput`, `Forbidden`, and `Conflict` for the last owner.
 */
export function changeMemberRoles(
  { membershipId, roles }: z.output<typeof changeMemberRolesInput>,
  by: ActingMember,
  origin: Origin,
  deps: FlowDeps,
): Promise<Membership> {
  const action = 'identity.change-member-roles';
  return withLockedTenant(
    { action, by, permission: 'identity:members:admin' },
    origin,
    deps,
    async (rows, tenant, standing) => {
      const member = await findMember(rows, tenant.id, membershipId);
      const subject = { type: 'Membership', id: member.id };
      assertRolesExist(tenant, roles);
      const verdict = judgeRoleChange({ by: standing, before: member.roles, after: roles }, tenant.permissionsOfRole);
      if (verdict.kind === 'refused')
        throw new Refusal(new Forbidden('You may not give or take these roles.'), verdict.reason, subject);
      if (member.roles.includes('owner') && !roles.includes('owner')) await assertAnotherOwner(rows, member);

      const [changed] = await rows<Membership>(
        `update memberships set roles = $3, updated_at = stack_now()
         where tenant_id = $1 and id = $2 and not (roles <@ $3 and $3 <@ roles) returning ${MEMBERSHIP_COLUMNS}`,
        [tenant.id, member.id, roles],
      );
      if (!changed) return member;
      await lockPerson(rows, member.userId);
      await appendAudit(rows, {
        tenantId: tenant.id,
        origin,
        action,
        outcome: 'success',
        subject,
        details: { before: member.roles, after: changed.roles },
      });
      const session = await renewSessions(rows, { userIds: [member.userId], tenantId: tenant.id });
      await appendEnded(rows, { membership: [`${tenant.id}/${member.userId}`], session });
      return changed;
    },
  );
}
