import { Conflict } from '@inevitable/contract';
import { newId } from '@inevitable/kit';
import { z } from 'zod';
import { appendAudit } from '../../audit/append-audit.js';
import type { Origin } from '../../audit/origin.js';
import type { TenantRole } from '../../generated/prisma/client.js';
import type { FlowDeps } from '../flow-deps.js';
import type { ActingMember } from '../members/acting-member.js';
import { withLockedTenant } from '../members/with-locked-tenant.js';
import { withinTransaction } from '../within-transaction.js';
import {
  assertCustomRoles,
  assertDeclared,
  assertOwn,
  customRoleName,
  permissionNames,
  ROLE_COLUMNS,
} from './custom-role.js';

export const createRoleInput = z.strictObject({ name: customRoleName, permissions: permissionNames });

const MOST_ROLES = 100;

/**
 * Writes a role of the tenant's own, of permissions the caller has. Throws `NotEntitled`, `BadUserInput`, `Forbidden`, and
 * `Conflict` where there is one of that name, or are 100.
 */
export async function createRole(
  { name, permissions }: z.output<typeof createRoleInput>,
  by: ActingMember,
  origin: Origin,
  deps: FlowDeps,
): Promise<TenantRole> {
  const action = 'identity.create-role';
  return withLockedTenant(
    { action, by, permission: 'identity:roles:admin' },
    origin,
    deps,
    async (rows, tenant, standing) => {
      await assertCustomRoles(withinTransaction(rows, deps), tenant.id);
      assertDeclared(permissions, deps);
      assertOwn(standing, permissions);
      if (tenant.customRoles.has(name)) throw new Conflict(`There is a role "${name}" already.`, 'input.name');
      if (tenant.customRoles.size >= MOST_ROLES) throw new Conflict(`A tenant has at most ${MOST_ROLES} roles.`);
      const [role] = await rows<TenantRole>(
        `insert into tenant_roles (tenant_id, id, name, permissions) values ($1, $2, $3, $4) returning ${ROLE_COLUMNS}`,
        [tenant.id, newId(), name, permissions],
      );
      await appendAudit(rows, {
        tenantId: tenant.id,
        origin,
        action,
        outcome: 'success',
        subject: { type: 'TenantRole', id: role!.id },
        details: { name, permissions },
      });
      return role!;
    },
  );
}
