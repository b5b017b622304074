import type { GatewayExtension } from '../extensions/gateway-extension.js';
import { costLimit } from '../limits/cost-limit.js';
import { introspectionByPolicy, type IntrospectionPolicy } from '../limits/introspection.js';
import type { Limits } from '../limits/limits-settings.js';
import type { RateLimiter } from './rate-limits/rate-limiter.js';
import { rateLimits } from './rate-limits/rate-limits.js';

export interface ProtectionOptions {
  readonly introspection: IntrospectionPolicy;
  readonly limits: Limits;
  /** Null: everybody may ask for as much as they like. */
  readonly limiter: RateLimiter | null;
  /** Null: any number of operations may run at once. */
  readonly compartments: GatewayExtension | null;
}

/** What stands before an operation is run, in the order in which it is asked: what is cheap to say first, what waits last. */
export const protection = ({
  introspection,
  limits,
  limiter,
  compartments,
}: ProtectionOptions): readonly GatewayExtension[] => [
  introspectionByPolicy(introspection),
  costLimit(limits.cost),
  ...(limiter ? [rateLimits(limiter)] : []),
  ...(compartments ? [compartments] : []),
];
