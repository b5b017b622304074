import { connectionOf, parseInput, requirePermission, requireUser, type PageArguments } from '@inevitable/kit';
import { originOf } from '../../audit/origin.js';
import { requireSelf } from '../../flows/accounts/require-self.js';
import type { FlowDeps } from '../../flows/flow-deps.js';
import { acceptInvitation, acceptInvitationInput } from '../../flows/members/accept-invitation.js';
import { actingMember } from '../../flows/members/acting-member.js';
import type { OwnMembership } from '../../flows/members/admit.js';
import { changeMemberRoles, changeMemberRolesInput } from '../../flows/members/change-member-roles.js';
import { inviteMember, inviteMemberInput } from '../../flows/members/invite-member.js';
import { joinByInvitation, joinByInvitationInput } from '../../flows/members/join-by-invitation.js';
import { leaveTenant, leaveTenantInput } from '../../flows/members/leave-tenant.js';
import { listOwnMemberships } from '../../flows/members/list-own-memberships.js';
import { removeMember, removeMemberInput } from '../../flows/members/remove-member.js';
import { revokeInvitation, revokeInvitationInput } from '../../flows/members/revoke-invitation.js';
import {
  startMemberPasswordReset,
  startMemberPasswordResetInput,
} from '../../flows/members/start-member-password-reset.js';
import type { Invitation, Tenant } from '../../generated/prisma/client.js';
import type { IdentityContext } from '../identity-context.js';
import { findPerson } from './find-person.js';
import type { WithInput } from './with-input.js';

/** Who belongs to a tenant, who is invited, and where the viewer belongs. */
export const memberResolvers = (flows: FlowDeps) => ({
  Mutation: {
    async inviteMember(_root: unknown, { input }: WithInput, context: IdentityContext) {
      const by = actingMember(context);
      await inviteMember(parseInput(inviteMemberInput, input), by, originOf(context), flows);
      return { accepted: true };
    },
    async revokeInvitation(_root: unknown, { input }: WithInput, context: IdentityContext) {
      const by = actingMember(context);
      const wanted = parseInput(revokeInvitationInput, input);
      return { invitation: await revokeInvitation(wanted, by, originOf(context), flows) };
    },
    async acceptInvitation(_root: unknown, { input }: WithInput, context: IdentityContext) {
      const self = requireSelf(context);
      const wanted = parseInput(acceptInvitationInput, input);
      return { membership: await acceptInvitation(wanted, self, originOf(context), flows) };
    },
    async joinByInvitation(_root: unknown, { input }: WithInput, context: IdentityContext) {
      const wanted = parseInput(joinByInvitationInput, input);
      const { email, membership } = await joinByInvitation(wanted, originOf(context), flows);
      return { email, tenantSlug: membership.slug };
    },
    async changeMemberRoles(_root: unknown, { input }: WithInput, context: IdentityContext) {
      const by = actingMember(context);
      const wanted = parseInput(changeMemberRolesInput, input);
      return { membership: await changeMemberRoles(wanted, by, originOf(context), flows) };
    },
    async removeMember(_root: unknown, { input }: WithInput, context: IdentityContext) {
      const by = actingMember(context);
      const wanted = parseInput(removeMemberInput, input);
      return { membership: await removeMember(wanted, by, originOf(context), flows) };
    },
    async leaveTenant(_root: unknown, { input }: WithInput, context: IdentityContext) {
      const self = requireSelf(context);
      return { tenantId: await leaveTenant(parseInput(leaveTenantInput, input), self, originOf(context), flows) };
    },
    async startMemberPasswordReset(_root: unknown, { input }: WithInput, context: IdentityContext) {
      const by = actingMember(context);
      const wanted = parseInput(startMemberPasswordResetInput, input);
      await startMemberPasswordReset(wanted, by, originOf(context), flows);
      return { accepted: true };
    },
  },
  Tenant: {
    invitations: (_tenant: Tenant, page: PageArguments, context: IdentityContext) => {
      requirePermission(context, 'identity:members:admin');
      return connectionOf<Invitation>(page, ({ take, afterId }) =>
        context.db.invitation.findMany({
          where: afterId === null ? {} : { id: { gt: afterId } },
          orderBy: { id: 'asc' },
          take,
        }),
      );
    },
  },
  Invitation: {
    invitedBy: ({ invitedBy }: Invitation, _args: unknown, { db }: IdentityContext) =>
      invitedBy === null ? null : findPerson(db, invitedBy),
    status: ({ status }: Invitation) => status.toUpperCase(),
  },
  Viewer: {
    memberships: (_viewer: unknown, page: PageArguments, context: IdentityContext) => {
      const userId = requireUser(context);
      return connectionOf<OwnMembership>(page, (wanted) => listOwnMemberships(flows.db, userId, wanted));
    },
  },
  OwnMembership: {
    isCurrent: ({ tenantId }: OwnMembership, _args: unknown, { tenant }: IdentityContext) => tenantId === tenant?.id,
  },
});
