import { connectionOf, parseInput, requirePermission, type PageArguments } from '@inevitable/kit';
import { originOf } from '../../audit/origin.js';
import type { FlowDeps } from '../../flows/flow-deps.js';
import { actingMember } from '../../flows/members/acting-member.js';
import { createRole, createRoleInput } from '../../flows/roles/create-role.js';
import { deleteRole, deleteRoleInput } from '../../flows/roles/delete-role.js';
import { updateRole, updateRoleInput } from '../../flows/roles/update-role.js';
import type { Tenant, TenantRole } from '../../generated/prisma/client.js';
import type { IdentityContext } from '../identity-context.js';
import type { WithInput } from './with-input.js';

/** What a tenant's own roles are made of. */
export const roleResolvers = (flows: FlowDeps) => ({
  Query: {
    permissionCatalogue: () => flows.permissions(),
  },
  Mutation: {
    async createRole(_root: unknown, { input }: WithInput, context: IdentityContext) {
      const by = actingMember(context);
      return { role: await createRole(parseInput(createRoleInput, input), by, originOf(context), flows) };
    },
    async updateRole(_root: unknown, { input }: WithInput, context: IdentityContext) {
      const by = actingMember(context);
      return { role: await updateRole(parseInput(updateRoleInput, input), by, originOf(context), flows) };
    },
    async deleteRole(_root: unknown, { input }: WithInput, context: IdentityContext) {
      const by = actingMember(context);
      return { roleId: await deleteRole(parseInput(deleteRoleInput, input), by, originOf(context), flows) };
    },
  },
  Tenant: {
    roles: (_tenant: Tenant, page: PageArguments, context: IdentityContext) => {
      requirePermission(context, 'identity:members:read');
      return connectionOf<TenantRole>(page, ({ take, afterId }) =>
        context.db.tenantRole.findMany({
          where: afterId === null ? {} : { id: { gt: afterId } },
          orderBy: { id: 'asc' },
          take,
        }),
      );
    },
  },
});
