import { defineEvent } from '@inevitable/kit';
import { z } from 'zod';

/** Of no tenant: tenants' subscriptions do not hear it. */
export const partHealthChanged = defineEvent({
  name: 'operations.part.health-changed.v1',
  description: 'A part of the stack became ready, or stopped being so.',
  payload: z.object({
    part: z.string(),
    ready: z.boolean(),
    /** Why it is not ready; null when it is. */
    reason: z.string().nullable(),
    /** When that was first seen. */
    since: z.iso.datetime(),
  }),
});
