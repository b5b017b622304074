import { parseInput, requirePermission } from '@inevitable/kit';
import { deleteTemplate, templateToDelete } from '../domain/templates/delete-template.js';
import type { MutationResolvers } from '../generated/resolvers.js';

export const deletePlatformTemplate: NonNullable<MutationResolvers['deletePlatformTemplate']> = (
  _parent,
  { input },
  context,
) => {
  requirePermission(context, 'platformforge:templates:write');
  return deleteTemplate(context, parseInput(templateToDelete, input).name);
};
