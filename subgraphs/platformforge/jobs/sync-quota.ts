import { defineJob, skipped } from '@inevitable/kit';
import { z } from 'zod';
import * as domain from '../domain/quota/sync-quota.js';
import type { PrismaClient } from '../generated/prisma/client.js';

/** Compares the quota's ledger with the generations, repairs what differs, and says so. */
export const syncQuota = defineJob<object, PrismaClient>({
  name: 'platformforge.sync-quota',
  description: "Compares the quota's ledger with the generations of a tenant, and repairs what differs.",
  payload: z.object({}),
  schedule: { cron: '*/15 * * * *', overlap: 'skip', catchUp: 'last' },
  scope: 'each-tenant',
  timeoutMs: 300_000,
  async run({ db, entitlements, signal, log, progress }) {
    const { repaired, reported } = await domain.syncQuota({ db, entitlements, signal, log });
    if (!repaired && !reported) return skipped('ledger and rows agree');
    return progress(1, `${repaired} differences repaired, ${reported} reported`);
  },
});
