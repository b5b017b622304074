import { z } from 'zod';

/** `rate_limits:` within `protection:`. What tenants have is in their plans (`rate-features.ts`). */
export const rateLimitsKey = z
  .strictObject({
    user_share: z.number().gt(0).max(1).default(0.5),
    api_key_share: z.number().gt(0).max(1).default(1),
    anonymous_per_minute: z.int().min(1).default(120),
    anonymous_network_factor: z.int().min(1).default(16),
    burst_share: z.number().min(0).max(10).default(0.5),
  })
  .transform((read) => ({
    /** What one person, and one key, may use of the tenant's units per minute. */
    userShare: read.user_share,
    apiKeyShare: read.api_key_share,
    /** Of one address. */
    anonymousPerMinute: read.anonymous_per_minute,
    /** So many times that is for all addresses of an IPv6 network of 48 bits together. */
    anonymousNetworkFactor: read.anonymous_network_factor,
    /** How much of a minute's units there is on top, once in ten minutes. */
    burstShare: read.burst_share,
  }))
  .prefault({});

export type RateLimitSettings = z.output<typeof rateLimitsKey>;
