import { NotFound } from '@inevitable/contract';
import { z } from 'zod';
import { appendAudit } from '../../audit/append-audit.js';
import type { Origin } from '../../audit/origin.js';
import { linkTokenText } from '../accounts/account-texts.js';
import { lockPerson } from '../accounts/lock-person.js';
import type { Self } from '../accounts/require-self.js';
import type { FlowDeps } from '../flow-deps.js';
import { auditRefusals, Refusal } from '../refusals.js';
import { admit, appendAdmission, type OwnMembership } from './admit.js';
import { findOpenInvitation } from './invitations.js';
import { lockTenantInUse } from './with-locked-tenant.js';

export const acceptInvitationInput = z.strictObject({ token: linkTokenText });

/**
 * Makes a signed-in person a member, by an invitation to their own verified address, once. Whatever is wrong with an
 * invitation is one answer, `NotFound`; the reason is in no tenant's chain, because a stranger's attempt is no tenant's
 * business.
 */
export function acceptInvitation(
  { token }: z.output<typeof acceptInvitationInput>,
  { userId }: Self,
  origin: Origin,
  deps: FlowDeps,
): Promise<OwnMembership> {
  const { db } = deps;
  const action = 'identity.accept-invitation';
  const refuse = (reason: string, id?: string): never => {
    throw new Refusal(new NotFound('invitation'), reason, id === undefined ? undefined : { type: 'Invitation', id });
  };
  return auditRefusals({ tenantId: null, origin, action }, deps, async () => {
    const found = await findOpenInvitation(db.rows, token);
    if (!found) return refuse('no open invitation with this token');
    return db.transaction(async (rows) => {
      const tenant = await lockTenantInUse(rows, found.tenantId, deps);
      const invitation = await findOpenInvitation(rows, token); // as it is now that nobody else changes it
      if (!tenant || !invitation) return refuse('no open invitation with this token', found.id);
      // An address that is changed in the same moment is one that was changed before, or after.
      const person = await lockPerson(rows, userId);
      if (!person?.active || !person.emailVerified || person.email !== invitation.email)
        return refuse('not to the verified address of this person', found.id);
      const admission = await admit(rows, tenant, { invitation, token, userId });
      if (admission.kind === 'refused') return refuse(admission.reason, found.id);
      await appendAudit(rows, {
        tenantId: tenant.id,
        origin,
        action,
        outcome: 'success',
        subject: { type: 'Invitation', id: invitation.id },
        details: { membershipId: admission.membership.id, roles: admission.membership.roles },
      });
      await appendAdmission(rows, userId, admission);
      return admission.membership;
    });
  });
}
