import { requirePermission, requireTenant } from '@inevitable/kit';
import { templatesFor } from '../rendering/find-template.js';
import type { QueryResolvers } from '../generated/resolvers.js';

export const platformTemplates: NonNullable<QueryResolvers['platformTemplates']> = async (_parent, _args, context) => {
  requirePermission(context, 'platformforge:templates:read');
  requireTenant(context);
  return [...(await templatesFor(context))];
};
