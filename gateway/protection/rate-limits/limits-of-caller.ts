import {
  addressKey,
  assertNever,
  type Caller,
  type RequestContext,
  type TenantId,
  type TenantSeen,
} from '@inevitable/contract';
import { LRUCache } from 'lru-cache';
import type { Window } from './counters.js';
import { FREE_UNITS, type TenantUnits } from './rate-features.js';
import type { RateLimitSettings } from './rate-limit-settings.js';

const MINUTE = 60;
const BURST_SECONDS = 600;
const HOUR = 3_600;
const DAY = 86_400;

/** Beyond that many in a minute, addresses that were not seen in it yet count as one: what is remembered has a bound. */
const MOST_ADDRESSES = 20_000;

export type LimitedBy = 'tenant' | 'user' | 'apiKey' | 'address' | 'hour' | 'day';

/** So many units in a window, and who they are for. */
export interface Limit extends Window {
  readonly by: LimitedBy;
  readonly who: string;
  readonly units: number;
  /** The window's end: in epoch milliseconds, and in ISO 8601. */
  readonly endsAt: number;
  readonly resetsAt: string;
  /** What there is on top, in a longer window; 0: nothing. */
  readonly burstUnits: number;
}

/** The window that it is now. */
function limit(by: LimitedBy, who: string, units: number, seconds: number, now: number, burstUnits = 0): Limit {
  const index = Math.floor(now / (seconds * 1_000));
  const endsAt = (index + 1) * seconds * 1_000;
  const resetsAt = new Date(endsAt).toISOString();
  return { by, who, key: `${who}:${seconds}:${index}`, units, seconds, endsAt, resetsAt, burstUnits };
}

/** What may be taken where `limit` is used up; null: nothing. */
export const burstOf = ({ by, who, burstUnits }: Limit, now: number): Limit | null =>
  burstUnits > 0 ? limit(by, who, burstUnits, BURST_SECONDS, now) : null;

/** What a caller may use, all of it at once. */
export interface LimitsOfCaller {
  /** What no other caller uses of it, the first of `all`; null: all of it is shared. */
  readonly own: Limit | null;
  readonly all: readonly Limit[];
  /** Epoch milliseconds: there are others from then on. */
  readonly until: number;
}

/** `tenant`: the units of the caller's; null where it has none. `now` in epoch milliseconds. Null: not limited. */
export type ReadLimits = (context: RequestContext, tenant: TenantUnits | null, now: number) => LimitsOfCaller | null;

/** Every key names the tenant, or the address: what one uses is never another's. */
export function limitsOfCaller({
  userShare,
  apiKeyShare,
  anonymousPerMinute,
  burstShare,
}: RateLimitSettings): ReadLimits {
  const perMinute = (by: LimitedBy, who: string, units: number, now: number): Limit =>
    limit(by, who, units, MINUTE, now, Math.floor(units * burstShare));

  const addresses = new Addresses((key, now) =>
    together(null, [perMinute('address', `address:${key}`, anonymousPerMinute, now)]),
  );

  function ofKnown(
    by: 'user' | 'apiKey',
    id: string,
    share: number,
    tenant: TenantSeen | null,
    units: TenantUnits | null,
    now: number,
  ): LimitsOfCaller {
    if (!tenant || !units) return together(null, [perMinute(by, `${by}::${id}`, FREE_UNITS.perMinute, now)]);
    // A small tenant is often one person: nobody gets less than the free plan's units of what there is.
    const own = Math.max(Math.floor(units.perMinute * share), Math.min(units.perMinute, FREE_UNITS.perMinute));
    const all = `tenant:${tenant.id}`;
    return together(own < units.perMinute ? perMinute(by, `${by}:${tenant.id}:${id}`, own, now) : null, [
      perMinute('tenant', all, units.perMinute, now),
      limit('hour', all, units.perHour, HOUR, now),
      limit('day', all, units.perDay, DAY, now),
    ]);
  }

  const read: ReadLimits = ({ caller, tenant, client }, units, now) => {
    switch (caller.kind) {
      case 'service':
        return null;
      case 'anonymous':
        return addresses.limitsOf(client.address, now);
      case 'member':
      case 'platformAdmin':
        return ofKnown('user', caller.userId, userShare, tenant, units, now);
      case 'apiKey':
        return ofKnown('apiKey', caller.keyId, apiKeyShare, tenant, units, now);
      default:
        return assertNever(caller);
    }
  };

  // A caller is one object for as long as its token is remembered. Making names and keys anew, and hashing them, took half
  // of what a limited operation cost.
  const known = new WeakMap<Caller, KnownLimits>();
  return (context, units, now) => {
    const { caller, tenant } = context;
    const before = known.get(caller);
    if (before && now < before.limits.until && before.units === units && before.tenantId === tenant?.id)
      return before.limits;
    const limits = read(context, units, now);
    if (limits && caller.kind !== 'anonymous') known.set(caller, { limits, units, tenantId: tenant?.id });
    return limits;
  };
}

interface KnownLimits {
  readonly limits: LimitsOfCaller;
  readonly units: TenantUnits | null;
  readonly tenantId: TenantId | undefined;
}

function together(own: Limit | null, shared: readonly Limit[]): LimitsOfCaller {
  const all = own ? [own, ...shared] : shared;
  return { own, all, until: Math.min(...all.map(({ endsAt }) => endsAt)) };
}

/** The limits of those addresses of this minute that are told apart. */
class Addresses {
  readonly #limits = new Map<string, LimitsOfCaller>();
  /** What is counted of an address, read once. Many may be of one network. */
  readonly #keys = new LRUCache<string, string>({ max: MOST_ADDRESSES });
  #minute = 0;

  constructor(private readonly limitsAt: (key: string, now: number) => LimitsOfCaller) {}

  /** null: a client whose address is not known; all of them are one. */
  limitsOf(address: string | null, now: number): LimitsOfCaller {
    const minute = Math.floor(now / (MINUTE * 1_000));
    if (minute !== this.#minute) this.#limits.clear();
    this.#minute = minute;
    const key = this.#keyOf(address);
    let limits = this.#limits.get(key);
    if (!limits) {
      if (this.#limits.size >= MOST_ADDRESSES) return this.limitsAt('others', now);
      this.#limits.set(key, (limits = this.limitsAt(key, now)));
    }
    return limits;
  }

  #keyOf(address: string | null): string {
    const named = address ?? '';
    let key = this.#keys.get(named);
    if (key === undefined) this.#keys.set(named, (key = addressKey(address)));
    return key;
  }
}
