import { NotFound, type UserId } from '@inevitable/contract';
import { newId, parseInput } from '@inevitable/kit';
import { appendAudit } from '../../audit/append-audit.js';
import type { Origin } from '../../audit/origin.js';
import { createUser } from '../accounts/create-user.js';
import type { FlowDeps } from '../flow-deps.js';
import { assertRolesExist, roleNames } from '../members/role-names.js';
import { lockTenantInUse } from '../members/with-locked-tenant.js';
import { withinTransaction } from '../within-transaction.js';
import { findTenantNamed } from './find-named.js';

export interface MemberToCreate {
  readonly email: string;
  readonly username?: string | undefined;
  readonly displayName: string;
  readonly password: string;
  /** Slug or id. */
  readonly tenant: string;
  readonly roles: readonly string[];
}

/**
 * A person with an account, and their part in one tenant: nobody signs in without. The operator vouches for the address.
 * Throws `BadUserInput`, `NotFound` for a tenant that is not in use, and `Conflict` for a taken address or user name.
 */
export function createMember(
  { tenant, roles, ...person }: MemberToCreate,
  origin: Origin,
  deps: FlowDeps,
): Promise<UserId> {
  const wanted = parseInput(roleNames, roles, 'roles');
  return deps.db.transaction(async (rows) => {
    const found = await lockTenantInUse(rows, await findTenantNamed(rows, tenant), deps);
    if (!found) throw new NotFound('active tenant');
    assertRolesExist(found, wanted);
    const userId = await createUser(person, withinTransaction(rows, deps));
    await rows('insert into memberships (tenant_id, id, user_id, roles) values ($1, $2, $3, $4)', [
      found.id,
      newId(),
      userId,
      wanted,
    ]);
    await appendAudit(rows, {
      tenantId: found.id,
      origin,
      action: 'identity.create-user',
      outcome: 'success',
      subject: { type: 'User', id: userId },
      details: { roles: wanted },
    });
    return userId;
  });
}
