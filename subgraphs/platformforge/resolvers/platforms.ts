import { connectionOf, requirePermission, requireTenant } from '@inevitable/kit';
import { listPlatforms, listPlatformsOf } from '../domain/platforms/list-platforms.js';
import type { QueryResolvers, TenantResolvers, UserResolvers } from '../generated/resolvers.js';

export const platforms: NonNullable<QueryResolvers['platforms']> = (_parent, asked, context) => {
  requirePermission(context, 'platformforge:platforms:read');
  return listPlatforms(context.db, asked);
};

export const platformsOfUser: NonNullable<UserResolvers['platforms']> = (user, asked, context) => {
  requirePermission(context, 'platformforge:platforms:read');
  return listPlatformsOf(context.db, user.id, asked);
};

export const platformsOfTenant: NonNullable<TenantResolvers['platforms']> = (tenant, asked, context) => {
  requirePermission(context, 'platformforge:platforms:read');
  // The handle reaches the caller's tenant only: any other tenant object has nothing to show.
  const isOwn = tenant.id === requireTenant(context).id;
  return isOwn ? listPlatforms(context.db, asked) : connectionOf(asked, async () => []);
};
