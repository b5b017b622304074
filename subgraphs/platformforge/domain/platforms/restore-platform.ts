import { Conflict } from '@inevitable/kit';
import type { PlatformForgeWork } from '../../context.js';
import { tellPlatformChanged } from '../../events/platform-changed.js';
import type { Platform } from '../../generated/prisma/client.js';
import { findPlatform } from './find-platform.js';

/** Throws `NotFound`, and `Conflict` when it is not archived. */
export async function restorePlatform({ db, events }: PlatformForgeWork, id: string): Promise<Platform> {
  const platform = await findPlatform(db, id);
  const [restored] = await db.platform.updateManyAndReturn({
    // Its artifact may expire at this moment; the row must still be the one the status was made from.
    where: { id, status: 'ARCHIVED', artifactId: platform.artifactId },
    data: { status: statusOf(platform) },
  });
  if (!restored) throw new Conflict('The platform is not archived.', 'input.id');
  await tellPlatformChanged(events, id);
  return restored;
}

/** As its last generation left it; one that failed may still have the artifact of the one before. */
function statusOf({ artifactId, failureReason }: Platform): string {
  if (failureReason !== null) return 'FAILED';
  return artifactId === null ? 'EXPIRED' : 'READY';
}
