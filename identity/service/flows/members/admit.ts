import type { TenantId, UserId } from '@inevitable/contract';
import { newId } from '@inevitable/kit';
import { judgeRoleChange } from '../../access/judge-role-change.js';
import { appendEnded } from '../../revocation/append-ended.js';
import type { Rows } from '../../store/system-database.js';
import { renewSessions } from '../sessions/renew-sessions.js';
import { spendInvitation, type OpenInvitation } from './invitations.js';
import { standingOf, type TenantInUse } from './with-locked-tenant.js';

/** A person's part in a tenant, as they see it from wherever they are signed in. */
export interface OwnMembership {
  /** The membership's. */
  readonly id: string;
  readonly tenantId: TenantId;
  readonly slug: string;
  readonly name: string;
  readonly roles: readonly string[];
  readonly joinedAt: Date;
}

export type Admission =
  | {
      readonly kind: 'admitted';
      readonly membership: OwnMembership;
      /** Of the person, beside the membership. */
      readonly platformAdminMade: boolean;
    }
  | { readonly kind: 'refused'; readonly reason: string };

/**
 * Makes the invited person a member, whoever proved to be that person; the tenant is locked. An invitation never gives what
 * whoever sent it could not give at this moment. A member who is there already keeps their roles.
 */
export async function admit(
  rows: Rows,
  tenant: TenantInUse,
  { invitation, token, userId }: { invitation: OpenInvitation; token: string; userId: UserId },
): Promise<Admission> {
  if (invitation.invitedBy !== null) {
    const inviter = await standingOf(rows, tenant, { userId: invitation.invitedBy });
    if (!inviter?.permissions.has('identity:members:admin'))
      return { kind: 'refused', reason: 'whoever invited may not invite any more' };
    const verdict = judgeRoleChange({ by: inviter, before: [], after: invitation.roles }, tenant.permissionsOfRole);
    if (verdict.kind === 'refused') return verdict;
  }
  if (!(await spendInvitation(rows, invitation, token))) return { kind: 'refused', reason: 'spent meanwhile' };

  const [membership] = await rows<Pick<OwnMembership, 'id' | 'roles' | 'joinedAt'>>(
    `insert into memberships as m (tenant_id, id, user_id, roles) values ($1, $2, $3, $4)
     on conflict (tenant_id, user_id) do update set status = 'active', updated_at = stack_now(),
       roles = case m.status when 'active' then m.roles else excluded.roles end
     returning id, roles, created_at as "joinedAt"`,
    [tenant.id, newId(), userId, invitation.roles],
  );
  const { id: tenantId, slug, name } = tenant;
  return {
    kind: 'admitted',
    membership: { ...membership!, tenantId, slug, name },
    platformAdminMade: invitation.platformAdmin && (await makePlatformAdmin(rows, userId)),
  };
}

async function makePlatformAdmin(rows: Rows, userId: UserId): Promise<boolean> {
  const made = await rows(
    `update users set platform_admin = true, updated_at = stack_now() where id = $1 and not platform_admin returning id`,
    [userId],
  );
  return made.length > 0;
}

/**
 * Of a new platform administrator: tokens that do not say it yet end, and sessions go on under new ids, as with any other
 * change of what somebody may do. The last of the transaction.
 */
export async function appendAdmission(
  rows: Rows,
  userId: UserId,
  { platformAdminMade }: Extract<Admission, { readonly kind: 'admitted' }>,
): Promise<void> {
  if (!platformAdminMade) return;
  const session = await renewSessions(rows, { userIds: [userId], tenantId: null });
  await appendEnded(rows, { user: [userId], session });
}
