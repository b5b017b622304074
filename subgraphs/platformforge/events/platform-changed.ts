import { defineEvent } from '@inevitable/kit';
import { z } from 'zod';

/** Says which platform, not what it is: whoever hears it reads what it may. */
export const platformChanged = defineEvent({
  name: 'platformforge.platform.changed.v1',
  description: 'A platform was asked for, changed its status, was renamed or deleted.',
  payload: z.object({ platformId: z.uuid() }),
});
