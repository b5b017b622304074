import type { TenantId, UserId } from '@inevitable/contract';
import { newId } from '@inevitable/kit';
import type { Role } from '../../access/permissions-of.js';
import { appendRevocations } from '../../revocation/append-revocations.js';
import type { FlowDeps } from '../flow-deps.js';

export interface MemberToAdd {
  readonly tenantId: TenantId;
  readonly userId: UserId;
  readonly roles: readonly Role[];
}

/** Makes a person a member with exactly these roles. Tokens with other roles end; doing it again changes nothing. */
export async function addMember({ tenantId, userId, roles }: MemberToAdd, { db }: FlowDeps): Promise<void> {
  await db.transaction(async (rows) => {
    const changed = await rows<{ existed: boolean }>(
      `insert into memberships (tenant_id, id, user_id, roles) values ($1, $2, $3, $4)
       on conflict (tenant_id, user_id) do update set roles = excluded.roles, status = 'active', updated_at = stack_now()
         where memberships.roles <> excluded.roles or memberships.status <> 'active'
       returning id <> $2 as existed`,
      [tenantId, newId(), userId, roles],
    );
    await appendRevocations(
      rows,
      'membership',
      changed.some(({ existed }) => existed) ? [`${tenantId}/${userId}`] : [],
    );
  });
}
