import { defineJob, skipped } from '@inevitable/kit';
import { z } from 'zod';
import * as domain from '../domain/upkeep/clean-up.js';
import { giveUpAbandoned } from '../domain/generations/give-up-abandoned.js';
import type { PrismaClient } from '../generated/prisma/client.js';

/** Removes artifacts whose time is over and files no row names, and fails generations whose job is gone. */
export const cleanUp = defineJob<object, PrismaClient>({
  name: 'platformforge.clean-up',
  description:
    "Removes a tenant's artifacts whose time is over and files nothing names, and fails what nobody generates.",
  payload: z.object({}),
  schedule: { cron: '0 2 * * *', overlap: 'skip', catchUp: 'last' },
  scope: 'each-tenant',
  timeoutMs: 1_800_000,
  async run(run) {
    const abandoned = await giveUpAbandoned(run);
    const { expired, orphans } = await domain.cleanUp(run);
    if (!abandoned && !expired && !orphans) return skipped('nothing to clean up');
    const givenUp = abandoned ? `, ${abandoned} generations given up` : '';
    return run.progress(1, `${expired} artifacts expired, ${orphans} files without a row deleted${givenUp}`);
  },
});
