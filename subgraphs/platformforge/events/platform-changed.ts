import { defineEvent } from '@inevitable/kit';
import { z } from 'zod';
import type { PlatformForgeWork } from '../context.js';

/** Says which platform, not what it is: whoever hears it reads what it may. */
export const platformChanged = defineEvent({
  name: 'platformforge.platform.changed.v1',
  description: 'A platform was asked for, changed its status, was renamed or deleted.',
  payload: z.object({ platformId: z.uuid() }),
});

/** In the transaction that changed it, after its row: so events of one platform keep the order of its changes. */
export const tellPlatformChanged = (events: PlatformForgeWork['events'], platformId: string): Promise<void> =>
  events.publish(platformChanged, { aggregate: platformId, payload: { platformId } });
