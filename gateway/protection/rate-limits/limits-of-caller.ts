import { createHmac, randomBytes, randomUUID } from 'node:crypto';
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

export type LimitedBy = 'tenant' | 'user' | 'apiKey' | 'address' | 'network' | 'hour' | 'day';

/** How many addresses are told apart in a minute: what is remembered has a bound. */
export interface AddressBounds {
  readonly addresses: number;
  /** Of those, of one IPv6 network of 48 bits; its others are counted with the network alone. */
  readonly ofNetwork: number;
  /** Windows that all further addresses and networks share, by chance. */
  readonly others: number;
}

const ADDRESS_BOUNDS: AddressBounds = { addresses: 20_000, ofNetwork: 64, others: 1_024 };

/** So many units in a window, and who they are for. */
export interface Limit extends Window {
  readonly by: LimitedBy;
  readonly who: string;
  readonly units: number;
  /** The window's end, epoch milliseconds. */
  readonly endsAt: number;
  /** `units` in a header; `seconds` with them. */
  readonly quota: string;
  readonly policy: string;
  /** Of a budget, JSON of what it is, before and behind what remains of it; null: it is none. */
  readonly budget: readonly [before: string, behind: string] | null;
  /** What there is on top, in a longer window; 0: nothing. */
  readonly burstUnits: number;
}

/** The window that it is now. */
function limit(by: LimitedBy, who: string, units: number, seconds: number, now: number, burstUnits = 0): Limit {
  const index = Math.floor(now / (seconds * 1_000));
  const endsAt = (index + 1) * seconds * 1_000;
  const key = `${who}:${seconds}:${index}`;
  const resetsAt = new Date(endsAt).toISOString();
  // An operation is told of its limits again and again: what does not change is written once.
  const [quota, policy] = [String(units), `${units};w=${seconds}`];
  const isBudget = by === 'hour' || by === 'day';
  const budget = isBudget ? ([`"${by}":{"limit":${units},"remaining":`, `,"resetsAt":"${resetsAt}"}`] as const) : null;
  return { by, who, key, units, seconds, endsAt, quota, policy, budget, burstUnits };
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
export function limitsOfCaller(
  { userShare, apiKeyShare, anonymousPerMinute, anonymousNetworkFactor, burstShare }: RateLimitSettings,
  bounds = ADDRESS_BOUNDS,
): ReadLimits {
  const perMinute = (by: LimitedBy, who: string, units: number, now: number): Limit =>
    limit(by, who, units, MINUTE, now, Math.floor(units * burstShare));

  const addresses = new Addresses(
    {
      address: (key, now) => perMinute('address', `address:${key}`, anonymousPerMinute, now),
      network: (key, now) => perMinute('network', `network:${key}`, anonymousPerMinute * anonymousNetworkFactor, now),
    },
    bounds,
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

type LimitAt = (key: string, now: number) => Limit;

/** What is counted of an address. */
interface AddressKeys {
  readonly address: string;
  /** Of IPv6; null: there is nothing between the address and everybody. */
  readonly network: string | null;
}

/** Those of one network that are told apart. */
interface Network {
  readonly limit: Limit;
  /** Of all others in it. */
  readonly alone: LimitsOfCaller;
  addresses: number;
}

/** The limits of those addresses of this minute that are told apart, and of the others. */
class Addresses {
  readonly #limits = new Map<string, LimitsOfCaller>();
  readonly #networks = new Map<string, Network>();
  readonly #others = new Map<number, LimitsOfCaller>();
  /** Read once for each address. Many may be of one network. */
  readonly #keys: LRUCache<string, AddressKeys>;
  readonly #limitAt: Readonly<Record<'address' | 'network', LimitAt>>;
  readonly #bounds: AddressBounds;
  /** Nobody can choose an address that shares a window with somebody else's. */
  readonly #secret = randomBytes(16);
  /** Another gateway's windows hold others, where both count in one Redis. */
  readonly #here = randomUUID();
  #minute = 0;

  constructor(limitAt: Readonly<Record<'address' | 'network', LimitAt>>, bounds: AddressBounds) {
    this.#limitAt = limitAt;
    this.#bounds = bounds;
    this.#keys = new LRUCache({ max: bounds.addresses });
  }

  /** null: a client whose address is not known; all of them are one. */
  limitsOf(client: string | null, now: number): LimitsOfCaller {
    const minute = Math.floor(now / (MINUTE * 1_000));
    if (minute !== this.#minute) for (const known of [this.#limits, this.#networks, this.#others]) known.clear();
    this.#minute = minute;
    const keys = this.#keysOf(client);
    return this.#limits.get(keys.address) ?? this.#newcomer(keys, now);
  }

  #newcomer({ address, network: networkKey }: AddressKeys, now: number): LimitsOfCaller {
    const network = networkKey === null ? null : this.#networks.get(networkKey);
    if (network && network.addresses >= this.#bounds.ofNetwork) return network.alone;
    if (this.#limits.size >= this.#bounds.addresses)
      return network?.alone ?? this.#oneOfOthers(networkKey ?? address, now);
    const own = this.#limitAt.address(address, now);
    const limits = networkKey === null ? together(null, [own]) : this.#within(networkKey, own, now);
    this.#limits.set(address, limits);
    return limits;
  }

  #within(networkKey: string, own: Limit, now: number): LimitsOfCaller {
    let network = this.#networks.get(networkKey);
    if (!network) {
      const limit = this.#limitAt.network(networkKey, now);
      this.#networks.set(networkKey, (network = { limit, alone: together(null, [limit]), addresses: 0 }));
    }
    network.addresses++;
    return together(own, [network.limit]);
  }

  #oneOfOthers(key: string, now: number): LimitsOfCaller {
    const index = createHmac('sha256', this.#secret).update(key).digest().readUInt32BE() % this.#bounds.others;
    let limits = this.#others.get(index);
    if (!limits) {
      limits = together(null, [this.#limitAt.address(`others:${this.#here}:${index}`, now)]);
      this.#others.set(index, limits);
    }
    return limits;
  }

  #keysOf(client: string | null): AddressKeys {
    const named = client ?? '';
    let keys = this.#keys.get(named);
    if (keys === undefined) {
      const address = addressKey(client);
      this.#keys.set(named, (keys = { address, network: networkOf(address) }));
    }
    return keys;
  }
}

const NETWORK = /^[^:]+:[^:]+:[^:]+(?=:)/;

/** Of a key that is a network of 64 bits the one of 48 bits, which one customer may have (RFC 6177). */
function networkOf(addressKey: string): string | null {
  const [groups] = NETWORK.exec(addressKey) ?? [];
  return groups === undefined ? null : `${groups}::/48`;
}
