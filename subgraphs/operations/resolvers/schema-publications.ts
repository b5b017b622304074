import { BadUserInput, connectionOf, requirePlatformAdmin } from '@inevitable/kit';
import type { SchemaPublication } from '../generated/prisma/client.js';
import type { QueryResolvers } from '../generated/resolvers.js';

export const schemaPublications: NonNullable<QueryResolvers['schemaPublications']> = (
  _parent,
  { beforePosition, ...page },
  context,
) => {
  requirePlatformAdmin(context);
  return connectionOf<SchemaPublication>(page, async ({ take, afterId }) => {
    // Publications are in the order of their positions; ids are made by several machines, whose clocks may differ.
    const after = afterId === null ? null : await context.db.schemaPublication.findUnique({ where: { id: afterId } });
    if (afterId !== null && !after) throw new BadUserInput('That is not a cursor of this list.', 'after');
    const bounds = [beforePosition, after?.position].filter((position) => position != null);
    return context.db.schemaPublication.findMany({
      ...(bounds.length && { where: { position: { lt: Math.min(...bounds) } } }),
      orderBy: { position: 'desc' },
      take,
    });
  });
};
