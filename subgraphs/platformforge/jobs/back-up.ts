import { defineJob, skipped } from '@inevitable/kit';
import { z } from 'zod';
import * as domain from '../domain/upkeep/back-up.js';
import type { PrismaClient } from '../generated/prisma/client.js';

/** Keeps a tenant's settings and templates as they are each Sunday, eight of them. `stack platformforge restore` reads them. */
export const backUp = defineJob<object, PrismaClient>({
  name: 'platformforge.back-up',
  description: "Writes a tenant's settings and templates into one file, and keeps the last eight of them.",
  payload: z.object({}),
  schedule: { cron: '0 3 * * 0', overlap: 'skip', catchUp: 'last' },
  scope: 'each-tenant',
  timeoutMs: 600_000,
  concurrency: 1,
  async run({ id, db, files, signal, log, progress }) {
    const key = await domain.backUp(id, { db, files, signal, log });
    await domain.forgetOldBackups(files);
    return key === null ? skipped('neither settings nor templates to back up') : progress(1, key);
  },
});
