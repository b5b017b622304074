import { connectionOf, requirePlatformAdmin } from '@inevitable/kit';
import type { HealthPeriod } from '../generated/prisma/client.js';
import type { QueryResolvers } from '../generated/resolvers.js';
import { nameAskedFor } from './name-asked-for.js';

export const healthHistory: NonNullable<QueryResolvers['healthHistory']> = (_parent, { part, ...page }, context) => {
  requirePlatformAdmin(context);
  const asked = nameAskedFor(part, 'part');
  return connectionOf<HealthPeriod>(page, ({ take, afterId }) =>
    context.db.healthPeriod.findMany({
      where: { ...(asked !== undefined && { part: asked }), ...(afterId !== null && { id: { lt: afterId } }) },
      orderBy: { id: 'desc' },
      take,
    }),
  );
};
