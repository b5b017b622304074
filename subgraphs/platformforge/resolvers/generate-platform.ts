import { parseInput, requirePermission, requireUser } from '@inevitable/kit';
import * as domain from '../domain/platforms/generate-platform.js';
import type { MutationResolvers } from '../generated/resolvers.js';

export const generatePlatform: NonNullable<MutationResolvers['generatePlatform']> = (_parent, { input }, context) => {
  requirePermission(context, 'platformforge:platforms:write');
  return domain.generatePlatform(context, parseInput(domain.newPlatform, input), requireUser(context));
};
