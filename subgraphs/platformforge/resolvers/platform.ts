import { requirePermission } from '@inevitable/kit';
import { findPlatform } from '../domain/platforms/find-platform.js';
import type { QueryResolvers } from '../generated/resolvers.js';

export const platform: NonNullable<QueryResolvers['platform']> = (_parent, { id }, context) => {
  requirePermission(context, 'platformforge:platforms:read');
  return findPlatform(context.db, id);
};
