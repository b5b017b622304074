import { z } from 'zod';

/** `subscriptions:` within `protection:`. */
export const subscriptionsKey = z
  .strictObject({
    per_tenant: z.int().min(1).default(10_000),
    per_address: z.int().min(1).default(1_000),
    anonymous: z.int().min(1).default(10_000),
  })
  .transform((read) => ({
    /** Live at once, of one tenant; and of one address without one. */
    perTenant: read.per_tenant,
    perAddress: read.per_address,
    /** Of all that have no tenant together. */
    anonymous: read.anonymous,
  }))
  .prefault({});

export type SubscriptionsSettings = z.output<typeof subscriptionsKey>;

export const DEFAULT_SUBSCRIPTIONS: SubscriptionsSettings = subscriptionsKey.parse(undefined);
