import type { RequestContext } from '@inevitable/contract';
import { CallerShares, type Held } from '../protection/caller-shares.js';
import { refusedForNow, type RefusedForNow } from '../protection/refused-for-now.js';
import type { SubscriptionsSettings } from '../protection/subscriptions-settings.js';

const RETRY_AFTER_SECONDS = 30;

/** Throws `RefusedForNow` where the caller has as many subscriptions as it may. Services of ours have any number. */
export function subscriptionPlaces(
  settings: SubscriptionsSettings,
  onRefused: (refusal: RefusedForNow, context: RequestContext) => void,
): (context: RequestContext) => Held | null {
  const { perTenant, perAddress, anonymous } = settings;
  const shares = new CallerShares({ all: Infinity, one: perTenant }, { all: anonymous, one: perAddress });
  return (context) => {
    if (context.caller.kind === 'service') return null;
    const place = shares.take(context, 1);
    if (typeof place !== 'string') return place;
    const isOwn = place === 'own';
    const [whose, most] = context.tenant ? ['Your tenant', perTenant] : ['Your address', perAddress];
    const refusal = refusedForNow({
      code: isOwn ? 'RATE_LIMITED' : 'OVERLOADED',
      message: isOwn
        ? `${whose} has ${most} subscriptions here, as many as it may. End one first.`
        : 'Too many subscriptions of callers without a tenant are live here. Sign in, or come back later.',
      retryAfterSeconds: RETRY_AFTER_SECONDS,
      details: { limit: 'subscriptions' },
    });
    onRefused(refusal, context);
    throw refusal;
  };
}
