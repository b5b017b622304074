import { appendAudit, type AuditEntry } from '../../audit/append-audit.js';
import type { Membership } from '../../generated/prisma/client.js';
import { appendEnded } from '../../revocation/append-ended.js';
import type { Rows } from '../../store/system-database.js';
import { endSessionsOf } from '../../tokens/end-sessions.js';
import { lockPerson } from '../accounts/lock-person.js';

/**
 * Ends a membership with all that came by it: the person's sessions and half sign-ins in the tenant, the API keys they made there, and the
 * invitations of theirs that nobody has accepted. `entry`: what the audit says of it. The last of its transaction.
 */
export async function endMembership(
  rows: Rows,
  { id, tenantId, userId }: Membership,
  entry: Pick<AuditEntry, 'origin' | 'action' | 'tenantId'>,
): Promise<void> {
  await lockPerson(rows, userId);
  await rows(`update memberships set status = 'ended', updated_at = stack_now() where tenant_id = $1 and id = $2`, [
    tenantId,
    id,
  ]);
  const keys = await rows<{ id: string }>(
    `update api_keys set revoked_at = stack_now()
     where tenant_id = $1 and created_by = $2 and revoked_at is null returning id`,
    [tenantId, userId],
  );
  await rows(`update invitations set status = 'revoked' where tenant_id = $1 and invited_by = $2 and status = 'open'`, [
    tenantId,
    userId,
  ]);
  await appendAudit(rows, { ...entry, outcome: 'success', subject: { type: 'Membership', id } });
  await endSessionsOf(rows, { userId, tenantId, keep: null });
  await appendEnded(rows, { membership: [`${tenantId}/${userId}`], apiKey: keys.map((key) => key.id) });
}
