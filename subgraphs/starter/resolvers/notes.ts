import { connectionOf, requirePermission, requireTenant, type PageArguments } from '@inevitable/kit';
import type { StarterContext } from '../context.js';
import type { Note } from '../generated/prisma/client.js';
import type { TenantResolvers, UserResolvers } from '../generated/resolvers.js';

export const notesOfUser: NonNullable<UserResolvers['notes']> = (user, page, context) =>
  notesWhere({ createdBy: user.id }, page, context);

export const notesOfTenant: NonNullable<TenantResolvers['notes']> = (tenant, page, context) =>
  // The handle reaches the caller's tenant only: any other tenant object has nothing to show.
  notesWhere(tenant.id === requireTenant(context).id ? {} : { id: { in: [] } }, page, context);

function notesWhere(
  where: { createdBy?: string; id?: { in: string[] } },
  page: PageArguments,
  context: StarterContext,
) {
  requirePermission(context, 'starter:notes:read');
  return connectionOf<Note>(page, ({ take, afterId }) =>
    context.db.note.findMany({
      where: { AND: [where, afterId === null ? {} : { id: { lt: afterId } }] },
      orderBy: { id: 'desc' },
      take,
    }),
  );
}
