import type { GatewayExtension } from '../extensions/gateway-extension.js';
import { costLimit } from '../limits/cost-limit.js';
import { introspectionByPolicy, type IntrospectionPolicy } from '../limits/introspection.js';
import type { Limits } from '../limits/limits-settings.js';
import { bulkheads } from './bulkheads/bulkheads.js';
import type { ConcurrencySettings } from './bulkheads/concurrency-settings.js';
import { rateLimits, type RateLimitsOptions, type RateLimitsParts } from './rate-limits/rate-limits.js';

export interface ProtectionOptions extends RateLimitsParts {
  readonly introspection: IntrospectionPolicy;
  readonly limits: Limits;
  readonly limitedRates: RateLimitsOptions | undefined;
  /** Null: not bounded. */
  readonly concurrency: ConcurrencySettings | null;
}

/** What stands before an operation is run, in the order in which it is asked: what is cheap to say first, what waits last. */
export const protection = ({
  introspection,
  limits,
  limitedRates,
  concurrency,
  ...parts
}: ProtectionOptions): readonly GatewayExtension[] => [
  introspectionByPolicy(introspection),
  costLimit(limits.cost),
  ...(limitedRates ? [rateLimits(limitedRates, parts)] : []),
  ...(concurrency ? [bulkheads(concurrency)] : []),
];
