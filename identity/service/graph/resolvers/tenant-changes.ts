import { parseInput } from '@inevitable/kit';
import { originOf } from '../../audit/origin.js';
import { requireSelf } from '../../flows/accounts/require-self.js';
import type { FlowDeps } from '../../flows/flow-deps.js';
import { actingMember } from '../../flows/members/acting-member.js';
import { foundTenant, foundTenantInput } from '../../flows/tenants/found-tenant.js';
import { tenantSettings } from '../../flows/tenants/tenant-settings.js';
import { updateTenant, updateTenantInput } from '../../flows/tenants/update-tenant.js';
import type { Tenant } from '../../generated/prisma/client.js';
import type { IdentityContext } from '../identity-context.js';
import type { WithInput } from './with-input.js';

/** Tenants that people make, and what their administrators set. */
export const tenantChangeResolvers = (flows: FlowDeps) => ({
  Mutation: {
    async createTenant(_root: unknown, { input }: WithInput, context: IdentityContext) {
      const self = requireSelf(context);
      return { membership: await foundTenant(parseInput(foundTenantInput, input), self, originOf(context), flows) };
    },
    async updateTenant(_root: unknown, { input }: WithInput, context: IdentityContext) {
      const by = actingMember(context);
      return { tenant: await updateTenant(parseInput(updateTenantInput, input), by, originOf(context), flows) };
    },
  },
  Tenant: {
    settings: ({ settings }: Tenant) => tenantSettings.parse(settings),
  },
});
