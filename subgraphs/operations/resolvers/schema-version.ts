import { NotFound, requirePlatformAdmin } from '@inevitable/kit';
import type { QueryResolvers } from '../generated/resolvers.js';

export const schemaVersion: NonNullable<QueryResolvers['schemaVersion']> = async (_parent, { number }, context) => {
  requirePlatformAdmin(context);
  const version = await context.db.schemaVersion.findUnique({ where: { number } });
  if (!version) throw new NotFound(`version ${number} of the supergraph`);
  return version;
};

export const currentSchema: NonNullable<QueryResolvers['currentSchema']> = async (_parent, _args, context) => {
  requirePlatformAdmin(context);
  const latest = await context.db.schemaPublication.findFirst({ orderBy: { position: 'desc' }, include: { of: true } });
  return latest?.of ?? null;
};
