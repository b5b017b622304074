import { defineJob } from '@inevitable/kit';
import { z } from 'zod';
import { discardKept, type ToDiscard } from '../domain/discard-kept.js';
import type { PrismaClient } from '../generated/prisma/client.js';

/** What rows named until they were deleted or changed. Deleting and giving back again does no harm. */
export const discard = defineJob<ToDiscard, PrismaClient>({
  name: 'platformforge.discard',
  description: 'Deletes files no row names any more, and gives back what cancelled generations had reserved.',
  payload: z.object({
    artifactIds: z.array(z.uuid()).optional(),
    templateIds: z.array(z.uuid()).optional(),
    reservationIds: z.array(z.uuid()).optional(),
  }),
  retry: { attempts: 10, backoff: 'exponential', firstMs: 1_000, maxMs: 60_000, jitter: true },
  run: (run) => discardKept(run.payload, run),
});
