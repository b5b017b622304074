import { parseInput } from '@inevitable/kit';
import {
  disableUser,
  disableUserInput,
  enableUser,
  enableUserInput,
  type UserStatusSet,
} from '../../flows/administration/disable-user.js';
import {
  reactivateTenant,
  reactivateTenantInput,
  suspendTenant,
  suspendTenantInput,
} from '../../flows/administration/set-tenant-status.js';
import type { FlowDeps } from '../../flows/flow-deps.js';
import type { IdentityContext } from '../identity-context.js';
import { asAdministrator } from './as-administrator.js';
import type { WithInput } from './with-input.js';

/** As the graph spells it. */
async function shown(setting: Promise<UserStatusSet>) {
  const { userId, status } = await setting;
  return { userId, status: status.toUpperCase() };
}

/** What platform administrators do to any tenant and any person. */
export const administrationResolvers = (flows: FlowDeps) => ({
  Mutation: {
    suspendTenant: (_root: unknown, { input }: WithInput, context: IdentityContext) =>
      asAdministrator('identity.suspend-tenant', context, flows, (origin) =>
        suspendTenant(parseInput(suspendTenantInput, input), origin, flows),
      ),
    reactivateTenant: (_root: unknown, { input }: WithInput, context: IdentityContext) =>
      asAdministrator('identity.reactivate-tenant', context, flows, (origin) =>
        reactivateTenant(parseInput(reactivateTenantInput, input), origin, flows),
      ),
    disableUser: (_root: unknown, { input }: WithInput, context: IdentityContext) =>
      asAdministrator('identity.disable-user', context, flows, (origin) =>
        shown(disableUser(parseInput(disableUserInput, input), origin, flows)),
      ),
    enableUser: (_root: unknown, { input }: WithInput, context: IdentityContext) =>
      asAdministrator('identity.enable-user', context, flows, (origin) =>
        shown(enableUser(parseInput(enableUserInput, input), origin, flows)),
      ),
  },
});
