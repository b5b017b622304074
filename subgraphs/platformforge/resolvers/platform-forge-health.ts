import { BadUserInput, requirePlatformAdmin } from '@inevitable/kit';
import type { QueryResolvers } from '../generated/resolvers.js';

/** An hour: three parts every five minutes. */
const DEFAULT_CHECKS = 36;
const MOST_CHECKS = 1_000;

export const platformForgeHealth: NonNullable<QueryResolvers['platformForgeHealth']> = (_parent, { last }, context) => {
  requirePlatformAdmin(context);
  const take = last ?? DEFAULT_CHECKS;
  if (take < 1 || take > MOST_CHECKS) throw new BadUserInput(`last is a number from 1 to ${MOST_CHECKS}.`, 'last');
  return context.db.healthCheck.findMany({ orderBy: [{ checkedAt: 'desc' }, { part: 'asc' }], take });
};
