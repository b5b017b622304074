import { isUuid, requirePermission } from '@inevitable/kit';
import type { Resolvers } from '../generated/resolvers.js';
import { createNote } from './create-note.js';
import { note } from './note.js';
import { noteChanged } from './note-changed.js';
import { notesOfTenant, notesOfUser } from './notes.js';

export const resolvers: Resolvers = {
  Query: { note },
  Mutation: { createNote },
  Subscription: { noteChanged },
  Note: {
    async __resolveReference({ id }, context) {
      requirePermission(context, 'starter:notes:read');
      return isUuid(id) ? context.db.note.findFirst({ where: { id } }) : null;
    },
    createdBy: ({ createdBy }) => ({ id: createdBy }),
  },
  User: { notes: notesOfUser },
  Tenant: { notes: notesOfTenant },
};
