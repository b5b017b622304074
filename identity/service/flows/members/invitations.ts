import type { TenantId, UserId } from '@inevitable/contract';
import { newId } from '@inevitable/kit';
import type { Invitation } from '../../generated/prisma/client.js';
import type { Rows } from '../../store/system-database.js';
import { issueOneTimeToken } from '../../tokens/one-time-tokens.js';
import { hashOf } from '../../tokens/refresh-tokens.js';

export const INVITATION_COLUMNS = `
  id, tenant_id as "tenantId", email, roles, status, invited_by as "invitedBy", created_at as "createdAt",
  expires_at as "expiresAt"`;

export interface InvitationToWrite {
  readonly tenantId: TenantId;
  /** Canonical. */
  readonly email: string;
  readonly roles: readonly string[];
  /** null: an operator. */
  readonly invitedBy: UserId | null;
  readonly platformAdmin: boolean;
  /** How long it holds. */
  readonly hours: number;
}

export interface InvitationWritten {
  readonly id: string;
  /** Whoever has it reads the mailbox, or was given it by an operator. */
  readonly token: string;
}

/** Writes an invitation, in place of an open one to the same address. */
export async function writeInvitation(
  rows: Rows,
  { tenantId, email, roles, invitedBy, platformAdmin, hours }: InvitationToWrite,
): Promise<InvitationWritten> {
  const id = newId();
  await rows(`update invitations set status = 'revoked' where tenant_id = $1 and email = $2 and status = 'open'`, [
    tenantId,
    email,
  ]);
  await rows(
    `insert into invitations (tenant_id, id, email, roles, invited_by, platform_admin, expires_at)
     values ($1, $2, $3, $4, $5, $6, stack_now() + make_interval(hours => $7))`,
    [tenantId, id, email, roles, invitedBy, platformAdmin, hours],
  );
  const token = await issueOneTimeToken(rows, { purpose: 'invitation', subject: id, email, minutes: hours * 60 });
  return { id, token };
}

/** An invitation that somebody may accept. */
export interface OpenInvitation extends Pick<Invitation, 'id' | 'email' | 'roles'> {
  readonly tenantId: TenantId;
  /** Of the tenant. */
  readonly slug: string;
  readonly name: string;
  readonly invitedBy: UserId | null;
  readonly platformAdmin: boolean;
}

/** By its token; null for an unknown, spent, overdue or revoked one, and one into a tenant that is not in use. */
export async function findOpenInvitation(rows: Rows, token: string): Promise<OpenInvitation | null> {
  const [found] = await rows<OpenInvitation>(
    `select i.id, i.email, i.roles, i.tenant_id as "tenantId", i.invited_by as "invitedBy",
       i.platform_admin as "platformAdmin", t.slug, t.name
     from one_time_tokens o
       join invitations i on i.id = o.subject and i.status = 'open' and i.expires_at > stack_now()
       join tenants t on t.id = i.tenant_id and t.status = 'active'
     where o.hash = $1 and o.purpose = 'invitation' and o.used_at is null and o.expires_at > stack_now()`,
    [hashOf(token)],
  );
  return found ?? null;
}

/** Spends an invitation with its token: false, where somebody else has. */
export async function spendInvitation(rows: Rows, { id, tenantId }: OpenInvitation, token: string): Promise<boolean> {
  const spent = await rows(
    `with spent as (
       update one_time_tokens set used_at = stack_now() where hash = $3 and used_at is null returning subject)
     update invitations i set status = 'accepted' from spent
     where i.tenant_id = $1 and i.id = $2 and i.id = spent.subject and i.status = 'open' returning i.id`,
    [tenantId, id, hashOf(token)],
  );
  return spent.length > 0;
}
