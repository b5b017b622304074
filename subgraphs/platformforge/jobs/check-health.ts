import { defineJob } from '@inevitable/kit';
import { z } from 'zod';
import * as domain from '../domain/upkeep/check-health.js';
import type { PrismaClient } from '../generated/prisma/client.js';

/** Looks at what PlatformForge stands on, and keeps what it saw for 30 days. */
export const checkHealth = defineJob<object, PrismaClient>({
  name: 'platformforge.check-health',
  description: 'Looks at the file store, the database and the queue, and keeps the history.',
  payload: z.object({}),
  schedule: { cron: '*/5 * * * *', overlap: 'skip', catchUp: 'none' },
  // The next one is due in five minutes anyway.
  retry: { attempts: 1, backoff: 'fixed', firstMs: 0 },
  timeoutMs: 60_000,
  concurrency: 1,
  async run(run) {
    const checks = await domain.checkHealth(run);
    for (const { part, reason } of checks) if (reason !== null) run.log.warn(`${part} is not ready: ${reason}`);
  },
});
