import { requirePermission } from '@inevitable/kit';
import * as domain from '../domain/platforms/restore-platform.js';
import type { MutationResolvers } from '../generated/resolvers.js';

export const restorePlatform: NonNullable<MutationResolvers['restorePlatform']> = (_parent, { input }, context) => {
  requirePermission(context, 'platformforge:platforms:write');
  return domain.restorePlatform(context, input.id);
};
