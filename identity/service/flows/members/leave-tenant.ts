import { NotFound, type TenantId } from '@inevitable/contract';
import { plainText } from '@inevitable/kit';
import { z } from 'zod';
import type { Origin } from '../../audit/origin.js';
import type { Membership } from '../../generated/prisma/client.js';
import type { Self } from '../accounts/require-self.js';
import type { FlowDeps } from '../flow-deps.js';
import { auditRefusals } from '../refusals.js';
import { findTenantsOf } from '../sign-in/find-tenants-of.js';
import { endMembership } from './end-membership.js';
import { assertAnotherOwner, MEMBERSHIP_COLUMNS } from './find-member.js';
import { lockTenantInUse } from './with-locked-tenant.js';

/** Slug or id. */
export const tenantNamed = plainText({ min: 1, max: 100 });
export const leaveTenantInput = z.strictObject({ tenant: tenantNamed });

/**
 * Ends a person's own membership, as its removal does. Throws `NotFound` for a tenant that is not theirs, whether there is one
 * or not, and `Conflict` for its last owner.
 */
export async function leaveTenant(
  { tenant }: z.output<typeof leaveTenantInput>,
  { userId }: Self,
  origin: Origin,
  deps: FlowDeps,
): Promise<TenantId> {
  const [tenantId] = await findTenantsOf(deps.db, userId, tenant);
  if (!tenantId) throw new NotFound('tenant of yours');
  const action = 'identity.leave-tenant';
  return auditRefusals({ tenantId, origin, action }, deps, () =>
    deps.db.transaction(async (rows) => {
      await lockTenantInUse(rows, tenantId, deps);
      const [member] = await rows<Membership>(
        `select ${MEMBERSHIP_COLUMNS} from memberships where tenant_id = $1 and user_id = $2 and status = 'active'`,
        [tenantId, userId],
      );
      if (!member) throw new NotFound('tenant of yours');
      if (member.roles.includes('owner')) await assertAnotherOwner(rows, member);
      await endMembership(rows, member, { tenantId, origin, action });
      return tenantId;
    }),
  );
}
