import { isUuid, NotFound, requirePermission } from '@inevitable/kit';
import type { QueryResolvers } from '../generated/resolvers.js';

export const note: NonNullable<QueryResolvers['note']> = async (_parent, { id }, context) => {
  requirePermission(context, 'starter:notes:read');
  const found = isUuid(id) ? await context.db.note.findFirst({ where: { id } }) : null;
  if (!found) throw new NotFound('note');
  return found;
};
