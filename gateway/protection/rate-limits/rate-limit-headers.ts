import type { HeaderList } from '../../graphql-over-http/header-list.js';
import type { Limit } from './limits-of-caller.js';

/** How a limit stands. */
export interface Standing {
  readonly limit: Limit;
  /** Units that are left in its window. */
  readonly remaining: number;
}

export const secondsLeft = ({ endsAt }: Limit, now: number): number => Math.max(1, Math.ceil((endsAt - now) / 1_000));

/** The one that is nearest to its end; of two that are alike, the one that lasts longer. */
export function nearest(limits: readonly Limit[], remaining: readonly number[]): Standing {
  let found = 0;
  for (let one = 1; one < limits.length; one++)
    if (
      remaining[one]! < remaining[found]! ||
      (remaining[one] === remaining[found] && limits[one]!.endsAt > limits[found]!.endsAt)
    )
      found = one;
  return { limit: limits[found]!, remaining: remaining[found]! };
}

/** draft-ietf-httpapi-ratelimit-headers-06: the last with a field for each; later ones put them into one. */
export const rateLimitHeaders = ({ limit, remaining }: Standing, now: number): HeaderList => [
  'ratelimit-limit',
  limit.quota,
  'ratelimit-remaining',
  String(remaining),
  'ratelimit-reset',
  String(secondsLeft(limit, now)),
  'ratelimit-policy',
  limit.policy,
];
