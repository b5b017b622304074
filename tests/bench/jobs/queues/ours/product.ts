import { defineJob, type JobDefinition, type SubgraphDeclaration } from '@inevitable/kit';
import starter from '@inevitable/starter';
import { z } from 'zod';
import type { SentJob } from '../sent-job.js';

/** The starter's schema and database, with a real Prisma client: what enqueueing costs a product is in the figures. */
export const PRODUCT = starter.name;
export const DATABASE = starter.database!;

export const jobName = (definition: number): string => `${PRODUCT}.bench-${definition}`;

export const benchJob = (
  definition: number,
  places: number,
  handle: (job: SentJob) => Promise<void>,
): JobDefinition<SentJob> =>
  defineJob({
    name: jobName(definition),
    payload: z.object({ number: z.number(), sentAtMs: z.number() }),
    concurrency: places,
    run: ({ payload }) => handle(payload),
  });

export const productWith = (jobs: readonly JobDefinition<SentJob>[]): SubgraphDeclaration => ({
  ...starter,
  jobs: jobs as readonly JobDefinition<never>[] as readonly JobDefinition[],
});
