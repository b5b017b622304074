import { Forbidden } from '@inevitable/contract';
import { parseInput } from '@inevitable/kit';
import { originOf, type Origin } from '../../audit/origin.js';
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
import { auditRefusals, Refusal } from '../../flows/refusals.js';
import type { IdentityContext } from '../identity-context.js';
import type { WithInput } from './with-input.js';

/** As the graph spells it. */
async function shown(setting: Promise<UserStatusSet>) {
  const { userId, status } = await setting;
  return { userId, status: status.toUpperCase() };
}

/** What platform administrators do to any tenant and any person. */
export const administrationResolvers = (flows: FlowDeps) => {
  /** Refuses whoever is none, and keeps that in the chain of their tenant. */
  const asAdministrator = <T>(action: string, context: IdentityContext, work: (origin: Origin) => Promise<T>) => {
    const origin = originOf(context);
    return auditRefusals({ tenantId: context.tenant?.id ?? null, origin, action }, flows, async () => {
      if (context.caller.kind !== 'platformAdmin')
        throw new Refusal(new Forbidden('Only a platform administrator may do this.'), 'no platform administrator');
      return work(origin);
    });
  };
  return {
    Mutation: {
      suspendTenant: (_root: unknown, { input }: WithInput, context: IdentityContext) =>
        asAdministrator('identity.suspend-tenant', context, (origin) =>
          suspendTenant(parseInput(suspendTenantInput, input), origin, flows),
        ),
      reactivateTenant: (_root: unknown, { input }: WithInput, context: IdentityContext) =>
        asAdministrator('identity.reactivate-tenant', context, (origin) =>
          reactivateTenant(parseInput(reactivateTenantInput, input), origin, flows),
        ),
      disableUser: (_root: unknown, { input }: WithInput, context: IdentityContext) =>
        asAdministrator('identity.disable-user', context, (origin) =>
          shown(disableUser(parseInput(disableUserInput, input), origin, flows)),
        ),
      enableUser: (_root: unknown, { input }: WithInput, context: IdentityContext) =>
        asAdministrator('identity.enable-user', context, (origin) =>
          shown(enableUser(parseInput(enableUserInput, input), origin, flows)),
        ),
    },
  };
};
