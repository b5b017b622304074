import { defineJob, skipped, uuidText } from '@inevitable/kit';
import { z } from 'zod';
import { discardKept, type ToDiscard } from '../domain/upkeep/discard-kept.js';
import type { PrismaClient } from '../generated/prisma/client.js';

/** What rows named until they were deleted or changed. Deleting and giving back again does no harm. */
export const discard = defineJob<ToDiscard, PrismaClient>({
  name: 'platformforge.discard',
  description: 'Deletes files no row names any more, and gives back what cancelled generations had reserved.',
  payload: z.object({
    artifactIds: z.array(uuidText).optional(),
    templateIds: z.array(uuidText).optional(),
    reservationIds: z.array(uuidText).optional(),
  }),
  retry: { attempts: 10, backoff: 'exponential', firstMs: 1_000, maxMs: 60_000, jitter: true },
  run: (run) =>
    run.tenant === null
      ? Promise.resolve(skipped('files and reservations are of a tenant, and it names none'))
      : discardKept(run.payload, run),
});
