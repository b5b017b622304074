import { requirePermission } from '@inevitable/kit';
import * as domain from '../domain/platforms/archive-platform.js';
import type { MutationResolvers } from '../generated/resolvers.js';

export const archivePlatform: NonNullable<MutationResolvers['archivePlatform']> = (_parent, { input }, context) => {
  requirePermission(context, 'platformforge:platforms:write');
  return domain.archivePlatform(context, input.id);
};
