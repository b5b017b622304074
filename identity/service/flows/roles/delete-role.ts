import { Conflict } from '@inevitable/contract';
import { z } from 'zod';
import { appendAudit } from '../../audit/append-audit.js';
import type { Origin } from '../../audit/origin.js';
import type { FlowDeps } from '../flow-deps.js';
import { idText } from '../id-text.js';
import type { ActingMember } from '../members/acting-member.js';
import { withLockedTenant } from '../members/with-locked-tenant.js';
import { findRole } from './find-role.js';

export const deleteRoleInput = z.strictObject({ id: idText });

/** Takes away a role of the tenant's own that nobody has. Throws `NotFound`, `Forbidden`, and `Conflict` where somebody has it. */
export async function deleteRole(
  { id }: z.output<typeof deleteRoleInput>,
  by: ActingMember,
  origin: Origin,
  deps: FlowDeps,
): Promise<string> {
  const action = 'identity.delete-role';
  return withLockedTenant(
    { action, by, permission: 'identity:roles:admin' },
    origin,
    deps,
    async (rows, { id: tenantId }) => {
      const { name } = await findRole(rows, tenantId, id);
      const inUse = await rows(
        `select from memberships where tenant_id = $1 and status = 'active' and $2 = any (roles)
         union all
         select from invitations
         where tenant_id = $1 and status = 'open' and expires_at > stack_now() and $2 = any (roles) limit 1`,
        [tenantId, name],
      );
      if (inUse.length > 0)
        throw new Conflict(`Members or open invitations have the role "${name}": give them others first.`);
      await rows('delete from tenant_roles where tenant_id = $1 and id = $2', [tenantId, id]);
      await appendAudit(rows, {
        tenantId,
        origin,
        action,
        outcome: 'success',
        subject: { type: 'TenantRole', id },
        details: { name },
      });
      return id;
    },
  );
}
