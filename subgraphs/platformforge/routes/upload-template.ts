import { requirePermission, requireUser, type RouteHandler } from '@inevitable/kit';
import * as domain from '../domain/upload-template.js';
import { MOST_PACKED_BYTES } from '../generation/read-template-archive.js';
import type { PrismaClient } from '../generated/prisma/client.js';
import { bodyWithin } from './body-within.js';

/** `POST /platformforge/templates`: the body is the archive. 201 where the name is new, 200 where it replaces one. */
export const uploadTemplate: RouteHandler<PrismaClient> = async (request, context) => {
  requirePermission(context, 'platformforge:templates:write');
  const author = requireUser(context);
  const archive = await bodyWithin(request, MOST_PACKED_BYTES, 'The archive has more than 1 MiB.');
  const { template, isNew } = await domain.uploadTemplate(context, archive, author);
  const { name, title, description, version, origin, parameters } = template;
  return Response.json({ name, title, description, version, origin, parameters }, { status: isNew ? 201 : 200 });
};
