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

/** Metered use is reserve → commit(actual) | release; a reservation nobody settles expires after 15 minutes. */
export interface EntitlementsPort {
  describe(tenantId: TenantId): Promise<Entitlements>;
  reserve(request: ReserveRequest): Promise<ReserveOutcome>;
  /** `actual` at most what was reserved. False: the reservation is unknown, expired or released. */
  commit(tenantId: TenantId, reservationId: string, actual: number): Promise<boolean>;
  /** False: the reservation is unknown or already settled. */
  release(tenantId: TenantId, reservationId: string): Promise<boolean>;
}
