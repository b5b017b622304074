import { requirePermission, type EventOf } from '@inevitable/kit';
import type { StarterContext } from '../context.js';
import * as events from '../events/note-changed.js';
import type { SubscriptionResolvers } from '../generated/resolvers.js';

export const noteChanged: NonNullable<SubscriptionResolvers['noteChanged']> = {
  subscribe(_parent, { id }, context) {
    requirePermission(context, 'starter:notes:read');
    return context.events.subscribe(events.noteChanged, {
      filter: ({ payload }) => id == null || payload.noteId === id,
    });
  },
  resolve: ({ payload }: EventOf<typeof events.noteChanged>, _args: unknown, context: StarterContext) =>
    context.db.note.findFirst({ where: { id: payload.noteId } }),
};
