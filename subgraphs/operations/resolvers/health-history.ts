import { connectionOf, requirePlatformAdmin } from '@inevitable/kit';
import type { HealthPeriod } from '../generated/prisma/client.js';
import type { QueryResolvers } from '../generated/resolvers.js';

export const healthHistory: NonNullable<QueryResolvers['healthHistory']> = (_parent, { part, ...page }, context) => {
  requirePlatformAdmin(context);
  return connectionOf<HealthPeriod>(page, ({ take, afterId }) =>
    context.db.healthPeriod.findMany({
      where: { ...(part != null && { part }), ...(afterId !== null && { id: { lt: afterId } }) },
      orderBy: { id: 'desc' },
      take,
    }),
  );
};
