import { connectionOf, requirePermission, type PageArguments } from '@inevitable/kit';
import type { Membership, Tenant } from '../../generated/prisma/client.js';
import type { IdentityContext } from '../identity-context.js';
import { findPerson } from './find-person.js';
import { findTenant } from './find-tenant.js';

interface Reference {
  readonly id: string;
}

/** Tenants and the people in them. Another tenant's person or tenant answers as an unknown one does: null. */
export const tenantResolvers = {
  User: {
    __resolveReference: ({ id }: Reference, { db }: IdentityContext) => findPerson(db, id),
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
    user: ({ userId }: Membership, _args: unknown, { db }: IdentityContext) => findPerson(db, userId),
  },
};
