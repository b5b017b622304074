import { CallerError } from '@inevitable/contract';
import type { RequestRefused } from '../../graphql-over-http/request-refused.js';
import { refusedForNow } from '../refused-for-now.js';
import type { Limit, LimitedBy } from './limits-of-caller.js';
import { rateLimitHeaders, secondsLeft, type Standing } from './rate-limit-headers.js';
import { costOf } from './units.js';

const WHOSE: Readonly<Record<LimitedBy, string>> = {
  tenant: "your tenant's units per minute",
  user: 'what you may use of the units per minute',
  apiKey: 'what this API key may use of the units per minute',
  address: 'the units per minute of your address',
  network: 'the units per minute of your network',
  hour: "your tenant's units per hour",
  day: "your tenant's units per day",
};

/** `passesAt`: when the operation would pass, if nobody else asks for anything. Both times in epoch milliseconds. */
export function rateLimited(standing: Standing, units: number, passesAt: number, now: number): RequestRefused {
  const { limit, remaining } = standing;
  return refusedForNow({
    code: 'RATE_LIMITED',
    message: `The operation takes ${units} of ${WHOSE[limit.by]}: ${remaining} of ${limit.units} are left. Come back after Retry-After.`,
    retryAfterSeconds: (passesAt - now) / 1_000,
    headers: rateLimitHeaders(standing, now),
    details: {
      limit: limit.by,
      units,
      quota: limit.units,
      windowSeconds: limit.seconds,
      remaining,
      resetSeconds: secondsLeft(limit, now),
    },
  });
}

/** More than the caller has of a whole window: it would not pass later either. */
export class OperationTooLarge extends CallerError {
  readonly code = 'COST_ESTIMATED_TOO_EXPENSIVE';
  override readonly details: Readonly<Record<string, unknown>>;
  constructor(cost: number, { by, units: most }: Limit) {
    super(
      `The operation may cost ${cost}, and ${WHOSE[by]} are worth ${costOf(most)} in all. Ask for shorter lists, or for less at once.`,
    );
    this.details = { cost: { estimated: cost, limit: costOf(most) }, limit: by };
  }
}
