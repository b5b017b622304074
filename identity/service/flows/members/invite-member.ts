import { BadUserInput, Forbidden } from '@inevitable/contract';
import { parseInput } from '@inevitable/kit';
import { z } from 'zod';
import { judgeRoleChange } from '../../access/judge-role-change.js';
import { appendAudit } from '../../audit/append-audit.js';
import type { Origin } from '../../audit/origin.js';
import { invitationMail } from '../../mail/invitation-mail.js';
import { mayMail } from '../../mail/queue-limited-mail.js';
import { queueMail } from '../../mail/queue-mail.js';
import type { Rows } from '../../store/system-database.js';
import { requireAttempts } from '../../throttling/claim-attempts.js';
import { emailText } from '../accounts/account-texts.js';
import type { FlowDeps } from '../flow-deps.js';
import { Refusal } from '../refusals.js';
import { tenantSettings } from '../tenants/tenant-settings.js';
import type { ActingMember } from './acting-member.js';
import { writeInvitation } from './invitations.js';
import { assertRolesExist, roleNames } from './role-names.js';
import { withLockedTenant, type TenantInUse } from './with-locked-tenant.js';

export const inviteMemberInput = z.strictObject({ email: emailText, roles: roleNames });

const HOLDS_HOURS = 7 * 24;
/** Of one tenant: it sends nobody's bulk mail through us. */
const INVITATIONS_PER_DAY = { attempts: 200, windowSeconds: 86_400 };

/**
 * Mails an invitation for 7 days, in place of an open one to the same address. A member, a stranger, somebody with an account
 * and somebody who was written to too often are one answer. Throws `BadUserInput`, `Forbidden` and `RateLimited`, none of
 * which depends on whom the address belongs to.
 */
export async function inviteMember(
  { email, roles }: z.output<typeof inviteMemberInput>,
  by: ActingMember,
  origin: Origin,
  deps: FlowDeps,
): Promise<void> {
  const { seal, publicUrl } = deps;
  const action = 'identity.invite-member';
  const entry = { tenantId: by.tenantId, origin, action, personal: { userId: null, data: { email } } };
  await withLockedTenant(
    { action, by, permission: 'identity:members:admin' },
    origin,
    deps,
    async (rows, tenant, standing) => {
      assertRolesExist(tenant, roles);
      assertDomain(tenant, email);
      const verdict = judgeRoleChange({ by: standing, before: [], after: roles }, tenant.permissionsOfRole);
      if (verdict.kind === 'refused') throw new Refusal(new Forbidden('You may not give these roles.'), verdict.reason);
      await requireAttempts(rows, [{ counted: `invite:${tenant.id}`, ...INVITATIONS_PER_DAY }]);
      const unsent = (await isMember(rows, tenant, email))
        ? 'a member already'
        : !(await mayMail(rows, { recipient: email, kind: 'invitation' }, tenant.id)) &&
          'too many invitations to one address';
      if (unsent) {
        await appendAudit(rows, { ...entry, outcome: 'refused', reason: unsent });
        return;
      }
      const { id, token } = await writeInvitation(rows, {
        tenantId: tenant.id,
        email,
        roles,
        invitedBy: by.userId,
        platformAdmin: false,
        hours: HOLDS_HOURS,
      });
      await queueMail(rows, seal, invitationMail({ recipient: email, publicUrl, token, slug: tenant.slug }));
      await appendAudit(rows, {
        ...entry,
        outcome: 'success',
        subject: { type: 'Invitation', id },
        details: { roles },
      });
    },
  );
}

function assertDomain({ settings }: TenantInUse, email: string): void {
  const { inviteDomains } = parseInput(tenantSettings, settings, 'settings');
  const domain = email.slice(email.lastIndexOf('@') + 1);
  if (inviteDomains.length > 0 && !inviteDomains.includes(domain))
    throw new BadUserInput('This tenant invites people of certain domains alone.', 'input.email');
}

async function isMember(rows: Rows, { id }: TenantInUse, email: string): Promise<boolean> {
  const members = await rows(
    `select from memberships m join users u on u.id = m.user_id
     where m.tenant_id = $1 and m.status = 'active' and u.email = $2`,
    [id, email],
  );
  return members.length > 0;
}
