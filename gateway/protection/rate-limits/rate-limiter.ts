import type { RequestContext } from '@inevitable/contract';
import type { Logger } from 'pino';
import type { EntitlementsOf } from '../../authorization/tenant-entitlements.js';
import { untilAborted } from '../../background/until-aborted.js';
import type { Counters } from './counters.js';
import { limitsOfCaller, type LimitsOfCaller } from './limits-of-caller.js';
import type { RateLimitSettings } from './rate-limit-settings.js';
import { unitTaker } from './take-units.js';
import { unitsOfTenant } from './units-of-tenant.js';

export interface RateLimitsOptions {
  /** `log`: what would be refused is run, uncounted, and told in the log. */
  readonly mode: 'enforce' | 'log';
  readonly settings: RateLimitSettings;
  readonly counters: Counters;
  /** Epoch milliseconds, by which windows begin and end; real time unless given, tests set it. */
  readonly now?: () => number;
}

export interface RateLimitsParts {
  /** Null: there are no tenants. */
  readonly entitlementsOf: EntitlementsOf | null;
  readonly log: Logger;
}

/** What callers have left, for whoever takes of it. */
export interface RateLimiter {
  readonly mode: RateLimitsOptions['mode'];
  readonly log: Logger;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** `use` is called with the caller's limits at that time, null where it has none; at once where they are known. */
  withLimits<Outcome>(
    context: RequestContext,
    use: (limits: LimitsOfCaller | null, at: number) => Outcome | Promise<Outcome>,
  ): Outcome | Promise<Outcome>;
  readonly take: ReturnType<typeof unitTaker>;
}

export function rateLimiter(
  { mode, settings, counters, now = Date.now }: RateLimitsOptions,
  { entitlementsOf, log }: RateLimitsParts,
): RateLimiter {
  const limitsOf = limitsOfCaller(settings);
  const unitsOfTheTenant = entitlementsOf && unitsOfTenant(entitlementsOf, log);
  return {
    mode,
    log,
    now,
    take: unitTaker(counters),
    withLimits(context, use) {
      const { tenant } = context;
      const units = tenant && unitsOfTheTenant ? unitsOfTheTenant(tenant) : null;
      if (units instanceof Promise)
        return untilAborted(context.signal, () => units).then((found) => {
          const at = now();
          return use(limitsOf(context, found, at), at);
        });
      const at = now();
      return use(limitsOf(context, units, at), at);
    },
  };
}
