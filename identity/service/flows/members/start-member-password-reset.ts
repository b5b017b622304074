import type { UserId } from '@inevitable/contract';
import { z } from 'zod';
import type { Origin } from '../../audit/origin.js';
import { startPasswordReset } from '../accounts/start-password-reset.js';
import type { FlowDeps } from '../flow-deps.js';
import { idText } from '../id-text.js';
import type { ActingMember } from './acting-member.js';
import { findMember } from './find-member.js';
import { withLockedTenant } from './with-locked-tenant.js';

export const startMemberPasswordResetInput = z.strictObject({ membershipId: idText });

/**
 * Mails a member the link they could ask for themselves. Whoever starts it neither sees nor sets a password, and is not told
 * whether a mail was sent. Throws `Forbidden`, and `NotFound` for whoever is no member of the caller's tenant.
 */
export async function startMemberPasswordReset(
  { membershipId }: z.output<typeof startMemberPasswordResetInput>,
  by: ActingMember,
  origin: Origin,
  deps: FlowDeps,
): Promise<void> {
  const change = { action: 'identity.start-password-reset', by, permission: 'identity:members:admin' };
  const member = await withLockedTenant(change, origin, deps, (rows, { id }) => findMember(rows, id, membershipId));
  await startPasswordReset({ userId: member.userId as UserId, tenantId: by.tenantId }, origin, deps);
}
