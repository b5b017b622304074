import { requirePermission, requireTenant, requireUser, type RouteHandler } from '@inevitable/kit';
import * as domain from '../domain/templates/upload-template.js';
import { MOST_PACKED_BYTES } from '../rendering/read-template-archive.js';
import type { PrismaClient } from '../generated/prisma/client.js';
import { bodyWithin } from './body-within.js';
import { InTurn } from './in-turn.js';

/** By tenant: however many one sends at once, it has one in the thread and in the database, and the others have theirs. */
const uploads = new InTurn(4, () => new domain.TooManyUploads());

/** `POST /platformforge/templates`: the body is the archive. 201 where the name is new, 200 where it replaces one. */
export const uploadTemplate: RouteHandler<PrismaClient> = async (request, context) => {
  requirePermission(context, 'platformforge:templates:write');
  const author = requireUser(context);
  const tenant = requireTenant(context);
  const archive = await bodyWithin(request, MOST_PACKED_BYTES, 'The archive has more than 1 MiB.');
  const signal = AbortSignal.any([context.signal, request.signal]);
  const { template, isNew } = await uploads.take(tenant.id, signal, () =>
    domain.uploadTemplate(context, archive, author, signal),
  );
  const { name, title, description, version, origin, parameters } = template;
  return Response.json({ name, title, description, version, origin, parameters }, { status: isNew ? 201 : 200 });
};
