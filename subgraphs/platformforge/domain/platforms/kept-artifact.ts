import type { DeploymentContext } from '@inevitable/kit';
import type { Platform } from '../../generated/prisma/client.js';

export interface KeptArtifact {
  /** The generation it is of. */
  readonly id: string;
  readonly sizeBytes: number;
  /** In hex. */
  readonly sha256: string;
  readonly expiresAt: Date;
}

/** What can be fetched of a platform. null: nothing yet, nothing any more, or what was packed for internal use alone. */
export function keptArtifact(platform: Platform, deployment: DeploymentContext): KeptArtifact | null {
  const { artifactId, artifactBytes, artifactSha256, artifactDeployment, expiresAt } = platform;
  if (artifactId === null || (deployment === 'customer' && artifactDeployment !== 'customer')) return null;
  return { id: artifactId, sizeBytes: artifactBytes!, sha256: artifactSha256!, expiresAt: expiresAt! };
}
