import { z } from 'zod';

/** `connections:` within `protection:`. */
export const connectionsKey = z
  .strictObject({
    total: z.int().min(1).default(16_384),
    per_address: z.int().min(1).default(2_048),
  })
  .transform((read) => ({
    /** Open at once. */
    total: read.total,
    /** Of one address. Our own proxies (TRUSTED_PROXIES) have as many as there are. */
    perAddress: read.per_address,
  }))
  .prefault({});

export type ConnectionsSettings = z.output<typeof connectionsKey>;

export const DEFAULT_CONNECTIONS: ConnectionsSettings = connectionsKey.parse(undefined);
