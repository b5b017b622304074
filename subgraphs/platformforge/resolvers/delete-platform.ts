import { requirePermission } from '@inevitable/kit';
import * as domain from '../domain/platforms/delete-platform.js';
import type { MutationResolvers } from '../generated/resolvers.js';

export const deletePlatform: NonNullable<MutationResolvers['deletePlatform']> = (_parent, { input }, context) => {
  requirePermission(context, 'platformforge:platforms:write');
  return domain.deletePlatform(context, input.id);
};
