import { requirePermission, type EventOf } from '@inevitable/kit';
import type { PlatformForgeContext } from '../context.js';
import * as events from '../events/platform-changed.js';
import type { SubscriptionResolvers } from '../generated/resolvers.js';

export const platformChanged: NonNullable<SubscriptionResolvers['platformChanged']> = {
  subscribe(_parent, { id }, context) {
    requirePermission(context, 'platformforge:platforms:read');
    return context.events.subscribe(events.platformChanged, {
      filter: ({ payload }) => id == null || payload.platformId === id,
    });
  },
  resolve: ({ payload }: EventOf<typeof events.platformChanged>, _args: unknown, context: PlatformForgeContext) =>
    context.db.platform.findFirst({ where: { id: payload.platformId } }),
};
