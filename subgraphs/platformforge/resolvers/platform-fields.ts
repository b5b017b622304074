import { isUuid, requirePermission } from '@inevitable/kit';
import { keptArtifact } from '../domain/kept-artifact.js';
import type { PlatformResolvers } from '../generated/resolvers.js';

export const platformFields: PlatformResolvers = {
  __resolveReference({ id }, context) {
    requirePermission(context, 'platformforge:platforms:read');
    return isUuid(id) ? context.db.platform.findFirst({ where: { id } }) : null;
  },
  createdBy: ({ createdBy }) => ({ id: createdBy }),
  artifact(platform, _args, { deployment, publicUrl }) {
    const artifact = keptArtifact(platform, deployment);
    if (!artifact) return null;
    const { sizeBytes, sha256 } = artifact;
    return { url: `${publicUrl}/platformforge/artifacts/${platform.id}`, sizeBytes, sha256 };
  },
  expiresAt: (platform, _args, { deployment }) => keptArtifact(platform, deployment)?.expiresAt ?? null,
};
