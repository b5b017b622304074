import { requireTenant, requireUser } from '@inevitable/kit';
import type { IdentityContext } from '../identity-context.js';
import { findPerson } from './find-person.js';
import { findTenant } from './find-tenant.js';

/** Who is signed in. */
export const viewerResolvers = {
  Query: {
    viewer: (_root: unknown, _args: unknown, context: IdentityContext) => {
      requireUser(context);
      return { roles: context.roles, permissions: [...context.may] };
    },
  },
  Viewer: {
    user: (_viewer: unknown, _args: unknown, context: IdentityContext) => findPerson(context.db, requireUser(context)),
    tenant: (_viewer: unknown, _args: unknown, context: IdentityContext) =>
      findTenant(context, requireTenant(context).id),
  },
};
