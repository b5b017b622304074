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
    __resolveReference: ({ id }, context) => context.db.note.findFirst({ where: { id } }),
    createdBy: ({ createdBy }) => ({ id: createdBy }),
  },
  User: { notes: notesOfUser },
  Tenant: { notes: notesOfTenant },
};
