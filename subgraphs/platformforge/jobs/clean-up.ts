import { defineJob, skipped } from '@inevitable/kit';
import { z } from 'zod';
import * as domain from '../domain/clean-up.js';
import type { PrismaClient } from '../generated/prisma/client.js';

/** Removes artifacts whose time is over, and files no row names. */
export const cleanUp = defineJob<object, PrismaClient>({
  name: 'platformforge.clean-up',
  description: "Removes a tenant's artifacts whose time is over, and its files that nothing names any more.",
  payload: z.object({}),
  schedule: { cron: '0 2 * * *', overlap: 'skip', catchUp: 'last' },
  scope: 'each-tenant',
  timeoutMs: 1_800_000,
  async run(run) {
    const { expired, orphans } = await domain.cleanUp(run);
    if (!expired && !orphans) return skipped('nothing to clean up');
    return run.progress(1, `${expired} artifacts expired, ${orphans} files without a row deleted`);
  },
});
