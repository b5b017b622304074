import type { TenantId } from '../ids.js';

export type Feature =
  | { readonly kind: 'boolean'; readonly enabled: boolean }
  | { readonly kind: 'static'; readonly value: unknown }
  | { readonly kind: 'metered'; readonly limit: number; readonly per: 'day' | 'month' };

export interface Entitlements {
  readonly plan: string;
  readonly digest: string;
  readonly features: Readonly<Record<string, Feature>>;
}

export interface ReserveRequest {
  readonly tenantId: TenantId;
  readonly feature: string;
  readonly amount: number;
  /** Reserving twice under one key reserves once and answers the same. */
  readonly idempotencyKey: string;
}

export type ReserveOutcome =
  | { readonly kind: 'reserved'; readonly reservationId: string; readonly expiresAt: string }
  | { readonly kind: 'exceeded'; readonly limit: number; readonly resetsAt: string }
  | { readonly kind: 'notEntitled' };

/**
 * What a tenant has of a metered feature in the period that runs; `limit - used - held` can still be reserved, and less than
 * nothing where a quota became smaller than what was used of it. `limit` is the quota, with what this period took from grants
 * and what is left of them.
 */
export interface FeatureUsage {
  /** Committed in this period, of the quota and of grants. */
  readonly used: number;
  /** Reserved in this period and still open. */
  readonly held: number;
  readonly limit: number;
  /** When the next period begins, ISO 8601. */
  readonly resetsAt: string;
}

export type ReservationState = 'reserved' | 'committed' | 'released' | 'expired';

/** One line of the ledger. */
export interface Reservation {
  readonly id: string;
  /** By the ledger's clock: one that nobody settled in time is `expired`, whether or not it was given back yet. */
  readonly state: ReservationState;
  readonly amount: number;
  /** What was really used: 0 of a released one; null while it is open, and where it expired. */
  readonly actual: number | null;
  readonly idempotencyKey: string;
  /** ISO 8601. */
  readonly createdAt: string;
}

/** How many reservations one page has, and how many ids one question may name. */
export const RESERVATIONS_PAGE = 500;

export interface ReservationsRequest {
  readonly tenantId: TenantId;
  readonly feature: string;
  /** Only these; at most `RESERVATIONS_PAGE`. */
  readonly ids?: readonly string[] | undefined;
  /** Only those in this state. */
  readonly state?: ReservationState | undefined;
  /** The last id of the page before; null: from the beginning. */
  readonly after: string | null;
}

/** Metered use is reserve → commit(actual) | release; a reservation nobody settles expires after 15 minutes. */
export interface EntitlementsPort {
  describe(tenantId: TenantId): Promise<Entitlements>;
  /** Throws `BadUserInput` for an amount that is no whole number from 1. */
  reserve(request: ReserveRequest): Promise<ReserveOutcome>;
  /**
   * `actual` at most what was reserved, else throws `BadUserInput`. True again for one that is committed already. False:
   * the reservation is unknown, expired or released.
   */
  commit(tenantId: TenantId, reservationId: string, actual: number): Promise<boolean>;
  /** False: the reservation is unknown or already settled. */
  release(tenantId: TenantId, reservationId: string): Promise<boolean>;
  /** null: the tenant's plan does not meter this feature, or there is no such tenant. */
  usage(tenantId: TenantId, feature: string): Promise<FeatureUsage | null>;
  /**
   * The ledger of the period that runs and of the one before, in the order of ids, `RESERVATIONS_PAGE` at most; the page
   * after the last one is empty. What is settled between two pages may be in them as it was or as it is. Throws
   * `BadUserInput` for more ids than that.
   */
  reservations(request: ReservationsRequest): Promise<readonly Reservation[]>;
}
