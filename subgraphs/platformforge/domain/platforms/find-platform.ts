import { isUuid, NotFound } from '@inevitable/kit';
import type { PlatformForgeWork } from '../../context.js';
import type { Platform } from '../../generated/prisma/client.js';

/** Throws `NotFound`: for an unknown id, a malformed one and one of another tenant alike. */
export async function findPlatform(db: PlatformForgeWork['db'], id: string): Promise<Platform> {
  const platform = isUuid(id) ? await db.platform.findFirst({ where: { id } }) : null;
  if (!platform) throw new NotFound('platform');
  return platform;
}
