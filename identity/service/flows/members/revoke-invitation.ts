import { NotFound } from '@inevitable/contract';
import { z } from 'zod';
import { appendAudit } from '../../audit/append-audit.js';
import type { Origin } from '../../audit/origin.js';
import type { Invitation } from '../../generated/prisma/client.js';
import type { FlowDeps } from '../flow-deps.js';
import { idText } from '../id-text.js';
import { Refusal } from '../refusals.js';
import type { ActingMember } from './acting-member.js';
import { INVITATION_COLUMNS } from './invitations.js';
import { withLockedTenant } from './with-locked-tenant.js';

export const revokeInvitationInput = z.strictObject({ id: idText });

/** Takes back an invitation that nobody has accepted. Throws `NotFound`, also for another tenant's. */
export function revokeInvitation(
  { id }: z.output<typeof revokeInvitationInput>,
  by: ActingMember,
  origin: Origin,
  deps: FlowDeps,
): Promise<Invitation> {
  const action = 'identity.revoke-invitation';
  return withLockedTenant({ action, by, permission: 'identity:members:admin' }, origin, deps, async (rows, tenant) => {
    const [revoked] = await rows<Invitation>(
      `update invitations set status = 'revoked' where tenant_id = $1 and id = $2 and status = 'open'
       returning ${INVITATION_COLUMNS}`,
      [tenant.id, id],
    );
    if (!revoked) throw new Refusal(new NotFound('invitation'), 'no open invitation of this tenant');
    await appendAudit(rows, {
      tenantId: tenant.id,
      origin,
      action,
      outcome: 'success',
      subject: { type: 'Invitation', id },
    });
    return revoked;
  });
}
