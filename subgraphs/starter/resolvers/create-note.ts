import { parseInput, requirePermission, requireUser } from '@inevitable/kit';
import * as domain from '../domain/create-note.js';
import type { MutationResolvers } from '../generated/resolvers.js';

export const createNote: NonNullable<MutationResolvers['createNote']> = (_parent, { input }, context) => {
  requirePermission(context, 'starter:notes:write');
  return domain.createNote(context, parseInput(domain.newNote, input), requireUser(context));
};
