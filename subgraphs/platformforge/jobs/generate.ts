import { defineJob, uuidText } from '@inevitable/kit';
import { z } from 'zod';
import { giveUpGeneration } from '../domain/generations/give-up-generation.js';
import { runGeneration, type GenerationAsked } from '../domain/generations/run-generation.js';
import type { PrismaClient } from '../generated/prisma/client.js';

/** Makes a platform's artifact. A second run of one that is over only tells the quota's ledger what became of it. */
export const generate = defineJob<GenerationAsked, PrismaClient>({
  name: 'platformforge.generate',
  description: 'Generates a platform from its template, and keeps its artifact.',
  payload: z.object({ platformId: uuidText, generationId: uuidText }),
  // Both: a job by hand that names another platform takes no key from the one that makes this.
  once: ({ platformId, generationId }) => `${platformId} ${generationId}`,
  retry: { attempts: 4, backoff: 'exponential', firstMs: 2_000, maxMs: 60_000, jitter: true },
  timeoutMs: 60_000,
  // Rendering takes a core, and a process renders in two threads.
  concurrency: { perWorker: 2, perTenant: 2, perProduct: 8 },
  run: runGeneration,
  gaveUp: giveUpGeneration,
});
