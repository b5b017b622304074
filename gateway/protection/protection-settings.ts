import { z } from 'zod';
import { limitsKey } from '../limits/limits-settings.js';
import { concurrencyKey } from './bulkheads/concurrency-settings.js';
import { connectionsKey } from './connections-settings.js';
import { sheddingKey } from './shedding-settings.js';
import { subscriptionsKey } from './subscriptions-settings.js';
import { rateLimitsKey } from './rate-limits/rate-limit-settings.js';

/** `protection:` of supergraph.yaml: what this deployment bears. Each key has a default. */
export const protectionKey = z
  .strictObject({
    concurrency: concurrencyKey,
    connections: connectionsKey,
    limits: limitsKey,
    rate_limits: rateLimitsKey,
    shedding: sheddingKey,
    subscriptions: subscriptionsKey,
  })
  .prefault({});

export type ProtectionSettings = z.output<typeof protectionKey>;
