import {
  connectionOf,
  isUuid,
  parseInput,
  requirePermission,
  requireTenant,
  requireUser,
  type PageArguments,
} from '@inevitable/kit';
import { refreshInput } from '../flows/refresh-session.js';
import { signInInput } from '../flows/sign-in.js';
import type { Membership, Tenant } from '../generated/prisma/client.js';
import type { IdentityService } from '../identity-service.js';
import { findUser } from './find-user.js';
import type { IdentityContext } from './identity-context.js';

interface WithInput {
  readonly input: unknown;
}
interface Reference {
  readonly id: string;
}

const findTenant = async ({ db }: IdentityContext, id: string): Promise<Tenant | null> =>
  isUuid(id) ? db.tenant.findFirst({ where: { id } }) : null;

/** The resolvers of `schema.graphql`. Another tenant's person or tenant answers as an unknown one does: null. */
export const resolvers = (service: IdentityService) => ({
  Query: {
    viewer: (_root: unknown, _args: unknown, context: IdentityContext) => {
      requireUser(context);
      return { roles: context.roles, permissions: [...context.may] };
    },
  },
  Mutation: {
    signIn: (_root: unknown, { input }: WithInput) =>
      service.signIn({ ...parseInput(signInInput, input), device: null }),
    refreshSession: (_root: unknown, { input }: WithInput) => service.refreshSession(parseInput(refreshInput, input)),
    signOut: async (_root: unknown, { input }: WithInput) => {
      await service.signOut(parseInput(refreshInput, input));
      return { signedOut: true };
    },
  },
  Viewer: {
    user: (_viewer: unknown, _args: unknown, context: IdentityContext) => findUser(context.db, requireUser(context)),
    tenant: (_viewer: unknown, _args: unknown, context: IdentityContext) =>
      findTenant(context, requireTenant(context).id),
  },
  User: {
    __resolveReference: ({ id }: Reference, { db }: IdentityContext) => findUser(db, id),
  },
  Tenant: {
    __resolveReference: ({ id }: Reference, context: IdentityContext) => findTenant(context, id),
    members: (_tenant: Tenant, page: PageArguments, context: IdentityContext) => {
      requirePermission(context, 'identity:members:read');
      return connectionOf<Membership>(page, ({ take, afterId }) =>
        context.db.membership.findMany({
          where: afterId === null ? {} : { id: { gt: afterId } },
          orderBy: { id: 'asc' },
          take,
        }),
      );
    },
  },
  Membership: {
    user: ({ userId }: Membership, _args: unknown, { db }: IdentityContext) => findUser(db, userId),
  },
});
