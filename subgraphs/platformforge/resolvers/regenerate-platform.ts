import { parseInput, requirePermission, requireUser } from '@inevitable/kit';
import * as domain from '../domain/platforms/regenerate-platform.js';
import type { MutationResolvers } from '../generated/resolvers.js';

export const regeneratePlatform: NonNullable<MutationResolvers['regeneratePlatform']> = (
  _parent,
  { input },
  context,
) => {
  requirePermission(context, 'platformforge:platforms:write');
  return domain.regeneratePlatform(context, parseInput(domain.platformToRegenerate, input), requireUser(context));
};
