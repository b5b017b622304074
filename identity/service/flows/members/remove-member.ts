import { Forbidden } from '@inevitable/contract';
import { z } from 'zod';
import { judgeRoleChange } from '../../access/judge-role-change.js';
import type { Origin } from '../../audit/origin.js';
import type { Membership } from '../../generated/prisma/client.js';
import type { FlowDeps } from '../flow-deps.js';
import { idText } from '../id-text.js';
import { Refusal } from '../refusals.js';
import type { ActingMember } from './acting-member.js';
import { endMembership } from './end-membership.js';
import { assertAnotherOwner, findMember } from './find-member.js';
import { withLockedTenant } from './with-locked-tenant.js';

export const removeMemberInput = z.strictObject({ membershipId: idText });

/**
 * Ends somebody's membership with their sessions, API keys and open invitations in the tenant. Whoever removes somebody
 * takes all of their roles. Throws `NotFound`, `Forbidden`, and `Conflict` for the last owner.
 */
export function removeMember(
  { membershipId }: z.output<typeof removeMemberInput>,
  by: ActingMember,
  origin: Origin,
  deps: FlowDeps,
): Promise<Membership> {
  const action = 'identity.remove-member';
  return withLockedTenant(
    { action, by, permission: 'identity:members:admin' },
    origin,
    deps,
    async (rows, tenant, standing) => {
      const member = await findMember(rows, tenant.id, membershipId);
      const subject = { type: 'Membership', id: member.id };
      const verdict = judgeRoleChange({ by: standing, before: member.roles, after: [] }, tenant.permissionsOfRole);
      if (verdict.kind === 'refused')
        throw new Refusal(new Forbidden('You may not remove this member.'), verdict.reason, subject);
      if (member.roles.includes('owner')) await assertAnotherOwner(rows, member);
      await endMembership(rows, member, { tenantId: tenant.id, origin, action });
      return { ...member, status: 'ended' };
    },
  );
}
