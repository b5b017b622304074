import { inOneCall, isUuid, requirePermission } from '@inevitable/kit';
import type { PlatformForgeContext } from '../context.js';
import { keptArtifact } from '../domain/platforms/kept-artifact.js';
import { isInternalName } from '../rendering/template-manifest.js';
import type { PlatformResolvers } from '../generated/resolvers.js';

const platformsById = inOneCall(async ({ db }: PlatformForgeContext, ids) => {
  const platforms = await db.platform.findMany({ where: { id: { in: [...ids] } } });
  return new Map(platforms.map((platform) => [platform.id, [platform]]));
});

export const platformFields: PlatformResolvers = {
  async __resolveReference({ id }, context) {
    requirePermission(context, 'platformforge:platforms:read');
    const [platform = null] = isUuid(id) ? await platformsById(id, context) : [];
    return platform;
  },
  // That an internal template was asked for is known to whoever asked. What it filled in, or said when it failed, is the
  // company's own.
  parameters: ({ template, parameters }, _args, { deployment }) =>
    deployment === 'customer' && isInternalName(template) ? {} : (parameters as object),
  failureReason: ({ template, failureReason }, _args, { deployment }) =>
    failureReason !== null && deployment === 'customer' && isInternalName(template)
      ? `The template "${template}" is not there any more.`
      : failureReason,
  createdBy: ({ createdBy }) => ({ id: createdBy }),
  artifact(platform, _args, { deployment, publicUrl }) {
    const artifact = keptArtifact(platform, deployment);
    if (!artifact) return null;
    const { sizeBytes, sha256 } = artifact;
    return { url: `${publicUrl}/platformforge/artifacts/${platform.id}`, sizeBytes, sha256 };
  },
  expiresAt: (platform, _args, { deployment }) => keptArtifact(platform, deployment)?.expiresAt ?? null,
};
