import { z } from 'zod';

/** `concurrency:` within `protection:`. */
export const concurrencyKey = z
  .strictObject({
    operations: z.int().min(1).default(128),
    per_tenant: z.int().min(1).default(4),
    anonymous: z.int().min(1).default(64),
    waiting: z.int().min(0).default(1_024),
    waiting_per_tenant: z.int().min(0).default(256),
  })
  .transform((read) => ({
    /** What runs at once. */
    operations: read.operations,
    /** Of that, of one tenant; and of one address without one. */
    perTenant: read.per_tenant,
    /** Of all that have no tenant together. */
    anonymous: read.anonymous,
    /** What waits for its turn. */
    waiting: read.waiting,
    waitingPerTenant: read.waiting_per_tenant,
  }))
  .prefault({});

export type ConcurrencySettings = z.output<typeof concurrencyKey>;

export const DEFAULT_CONCURRENCY: ConcurrencySettings = concurrencyKey.parse(undefined);
