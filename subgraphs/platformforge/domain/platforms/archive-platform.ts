import { Conflict } from '@inevitable/kit';
import type { PlatformForgeWork } from '../../context.js';
import { tellPlatformChanged } from '../../events/platform-changed.js';
import type { Platform } from '../../generated/prisma/client.js';
import { findPlatform } from './find-platform.js';
import { IN_USE } from './platform-states.js';

/** Throws `NotFound`, and `Conflict` while it is being generated or when it is archived already. */
export async function archivePlatform({ db, events }: PlatformForgeWork, id: string): Promise<Platform> {
  const { status } = await findPlatform(db, id);
  const [archived] = await db.platform.updateManyAndReturn({
    where: { id, status: { in: IN_USE } },
    data: { status: 'ARCHIVED' },
  });
  if (!archived) {
    const why = status === 'ARCHIVED' ? 'is archived already' : 'is being generated: archive it when that is over';
    throw new Conflict(`The platform ${why}.`, 'input.id');
  }
  await tellPlatformChanged(events, id);
  return archived;
}
