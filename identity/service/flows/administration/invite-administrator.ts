import { NotFound } from '@inevitable/contract';
import { parseInput } from '@inevitable/kit';
import { appendAudit } from '../../audit/append-audit.js';
import type { Origin } from '../../audit/origin.js';
import { invitationLink } from '../../mail/invitation-mail.js';
import type { Rows } from '../../store/system-database.js';
import { emailText } from '../accounts/account-texts.js';
import type { FlowDeps } from '../flow-deps.js';
import { writeInvitation } from '../members/invitations.js';
import { lockTenantInUse, type TenantInUse } from '../members/with-locked-tenant.js';
import { findTenantNamed } from './find-named.js';

export interface AdministratorToInvite {
  readonly email: string;
  /** Slug or id of the tenant they work in: its owner, where it has none, else a member. */
  readonly tenant: string;
}

export interface AdministratorInvited {
  readonly email: string;
  readonly role: 'owner' | 'member';
  /** For whoever has an account (`acceptInvitation`) and whoever has none (`joinByInvitation`). */
  readonly token: string;
  readonly link: string;
  readonly hours: number;
}

/** Nobody mails it: an operator hands it over, soon. */
const HOLDS_HOURS = 24;

/**
 * How a stack gets its first administrator: no account is there by default. The invitation works once, for 24 hours; another
 * one takes its place. Throws `BadUserInput`, and `NotFound` for a tenant that is not in use.
 */
export function inviteAdministrator(
  { email: address, tenant }: AdministratorToInvite,
  origin: Origin,
  deps: FlowDeps,
): Promise<AdministratorInvited> {
  const email = parseInput(emailText, address, 'email');
  return deps.db.transaction(async (rows) => {
    const found = await lockTenantInUse(rows, await findTenantNamed(rows, tenant), deps);
    if (!found) throw new NotFound('active tenant');
    const role = (await hasOwner(rows, found)) ? 'member' : 'owner';
    const { id, token } = await writeInvitation(rows, {
      tenantId: found.id,
      email,
      roles: [role],
      invitedBy: null,
      platformAdmin: true,
      hours: HOLDS_HOURS,
    });
    await appendAudit(rows, {
      tenantId: null,
      origin,
      action: 'identity.invite-administrator',
      outcome: 'success',
      subject: { type: 'Invitation', id },
      details: { tenantId: found.id, role },
      personal: { userId: null, data: { email } },
    });
    return { email, role, token, link: invitationLink(deps.publicUrl, token), hours: HOLDS_HOURS };
  });
}

async function hasOwner(rows: Rows, { id }: TenantInUse): Promise<boolean> {
  const owners = await rows(
    `select from memberships m join users u on u.id = m.user_id and u.status = 'active'
     where m.tenant_id = $1 and m.status = 'active' and 'owner' = any (m.roles) limit 1`,
    [id],
  );
  return owners.length > 0;
}
