import { parseInput, requirePermission, requireTenant, requireUser } from '@inevitable/kit';
import { changedSettings, readSettings, updateSettings } from '../domain/settings/platform-settings.js';
import type { MutationResolvers, QueryResolvers } from '../generated/resolvers.js';

export const platformSettings: NonNullable<QueryResolvers['platformSettings']> = (_parent, _args, context) => {
  requirePermission(context, 'platformforge:settings:read');
  requireTenant(context);
  return readSettings(context.db);
};

export const updatePlatformSettings: NonNullable<MutationResolvers['updatePlatformSettings']> = (
  _parent,
  { input },
  context,
) => {
  requirePermission(context, 'platformforge:settings:admin');
  return updateSettings(context, parseInput(changedSettings, input), requireUser(context));
};
