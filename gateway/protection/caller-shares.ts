import { addressKey, type RequestContext } from '@inevitable/contract';

export interface ShareBounds {
  /** Of everybody together. */
  readonly all: number;
  /** Of one tenant, or one address. */
  readonly one: number;
}

/** What somebody has of what is bounded. */
export interface Held {
  /** It is there for others again. Idempotent. */
  release(): void;
}

/** Whose bound it is that has no room: the caller's own, or that of everybody. */
export type NoShare = 'own' | 'all';

/** Whom something counts to: a tenant, or an address where there is none. */
export const ownerOf = ({ tenant, client }: RequestContext): string => tenant?.id ?? addressKey(client.address);

/** What callers have of something at the same time. What is bounded for the anonymous takes nothing from tenants. */
export class CallerShares {
  readonly #tenants: Shares;
  readonly #anonymous: Shares;

  constructor(tenants: ShareBounds, anonymous: ShareBounds) {
    this.#tenants = new Shares(tenants);
    this.#anonymous = new Shares(anonymous);
  }

  take(context: RequestContext, amount: number): Held | NoShare {
    return (context.tenant ? this.#tenants : this.#anonymous).take(ownerOf(context), amount);
  }
}

class Shares {
  readonly #bounds: ShareBounds;
  readonly #ofOwner = new Map<string, number>();
  #taken = 0;

  constructor(bounds: ShareBounds) {
    this.#bounds = bounds;
  }

  /** Nobody gets more once it would have more than is left: few cannot take all of it by and by; many together can. */
  take(owner: string, amount: number): Held | NoShare {
    const { all, one } = this.#bounds;
    const own = (this.#ofOwner.get(owner) ?? 0) + amount;
    if (own > one) return 'own';
    if (own > all - this.#taken) return 'all';
    this.#taken += amount;
    this.#ofOwner.set(owner, own);
    let isHeld = true;
    return {
      release: () => {
        if (!isHeld) return;
        isHeld = false;
        this.#taken -= amount;
        const left = this.#ofOwner.get(owner)! - amount;
        if (left > 0) this.#ofOwner.set(owner, left);
        else this.#ofOwner.delete(owner);
      },
    };
  }
}
