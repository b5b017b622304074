import { isUuid, NotFound, serveFile, type RouteHandler } from '@inevitable/kit';
import { keptArtifact } from '../domain/platforms/kept-artifact.js';
import { artifactKey } from '../domain/kept-files.js';
import type { PrismaClient } from '../generated/prisma/client.js';

/**
 * `GET /platformforge/artifacts/:id`: a platform's artifact, whole or in ranges, for those of its tenant who may read
 * platforms. Everybody else learns nothing: the answer is the one for an id nobody has.
 */
export const fetchArtifact: RouteHandler<PrismaClient> = async (request, context, { id = '' }) => {
  const mayRead = context.may.has('platformforge:platforms:read') && isUuid(id);
  const platform = mayRead ? await context.db.platform.findFirst({ where: { id } }) : null;
  const artifact = platform && keptArtifact(platform, context.deployment);
  if (!artifact) throw new NotFound('file');
  return serveFile(request, context.files, artifactKey(artifact.id), {
    contentType: 'application/gzip',
    fileName: `${platform.slug}.tar.gz`,
    etag: artifact.sha256,
  });
};
