import { defineJob, skipped } from '@inevitable/kit';
import { z } from 'zod';
import * as domain from '../domain/upkeep/measure-usage.js';
import type { PrismaClient } from '../generated/prisma/client.js';

/** Counts what a tenant generated and keeps, hour by hour. Run again, it adds what is missing and changes nothing. */
export const measureUsage = defineJob<object, PrismaClient>({
  name: 'platformforge.measure-usage',
  description: 'Counts what a tenant generated within each hour, and what it kept at the end of it.',
  payload: z.object({}),
  schedule: { cron: '5 * * * *', overlap: 'skip', catchUp: 'last' },
  scope: 'each-tenant',
  timeoutMs: 60_000,
  async run({ db, progress }) {
    const written = await domain.measureUsage(db);
    if (!written) return skipped('no hour is over that was not measured');
    return progress(1, written === 1 ? '1 hour measured' : `${written} hours measured`);
  },
});
