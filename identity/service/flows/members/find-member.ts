import { Conflict, NotFound, type TenantId } from '@inevitable/contract';
import type { Membership } from '../../generated/prisma/client.js';
import type { Rows } from '../../store/system-database.js';
import { Refusal } from '../refusals.js';

/** As the graph shows it. */
export const MEMBERSHIP_COLUMNS = `
  id, tenant_id as "tenantId", user_id as "userId", roles, status, created_at as "createdAt", updated_at as "updatedAt"`;

/** An active member of this tenant. Refuses one of another tenant as it refuses an unknown one: `NotFound`. */
export async function findMember(rows: Rows, tenantId: TenantId, membershipId: string): Promise<Membership> {
  const [member] = await rows<Membership>(
    `select ${MEMBERSHIP_COLUMNS} from memberships
     where tenant_id = $1 and id = $2 and status = 'active' for no key update`,
    [tenantId, membershipId],
  );
  if (!member) throw new Refusal(new NotFound('member'), 'no active member of this tenant');
  return member;
}

/**
 * A tenant without an owner could be handed to nobody any more. A disabled owner is none. Refuses with `Conflict` where
 * `member` is the last; the tenant is locked, so that two of them cannot go at once.
 */
export async function assertAnotherOwner(rows: Rows, { tenantId, id }: Membership): Promise<void> {
  const others = await rows(
    `select from memberships m join users u on u.id = m.user_id and u.status = 'active'
     where m.tenant_id = $1 and m.id <> $2 and m.status = 'active' and 'owner' = any (m.roles) limit 1`,
    [tenantId, id],
  );
  if (others.length > 0) return;
  throw new Refusal(
    new Conflict('A tenant keeps at least one owner: make somebody else an owner first.'),
    'the last owner of the tenant',
    { type: 'Membership', id },
  );
}
