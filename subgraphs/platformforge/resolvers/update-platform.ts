import { parseInput, requirePermission } from '@inevitable/kit';
import * as domain from '../domain/platforms/update-platform.js';
import type { MutationResolvers } from '../generated/resolvers.js';

export const updatePlatform: NonNullable<MutationResolvers['updatePlatform']> = (_parent, { input }, context) => {
  requirePermission(context, 'platformforge:platforms:write');
  return domain.updatePlatform(context, parseInput(domain.platformUpdate, input));
};
