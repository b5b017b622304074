import type { ApiKeyId, Permission, TenantId, UserId } from '../ids.js';

export interface PresentedApiKey {
  readonly id: ApiKeyId;
  /** `apiKeySecretHash` of its secret: the secret itself goes nowhere. */
  readonly secretHash: string;
  /** Where it was presented from; null: nobody knows, and no key with allowed addresses holds. */
  readonly address: string | null;
}

/** A key that holds, as it is at the feed position `rev`. */
export interface VerifiedApiKey {
  readonly id: ApiKeyId;
  readonly tenantId: TenantId;
  readonly plan: string;
  readonly entitlementsDigest: string;
  /** Who made it: never may it do more than they may now. */
  readonly creator: UserId;
  /** What it was given, as far as its creator may do it now. */
  readonly may: readonly Permission[];
  /** ISO 8601. */
  readonly expiresAt: string;
  /** Addresses and ranges; none: from everywhere. */
  readonly allowedIps: readonly string[];
  /** Position of the revocation feed: what is taken back later is not known in this answer. */
  readonly rev: number;
}

export type ApiKeyVerdict =
  | { readonly kind: 'holds'; readonly key: VerifiedApiKey }
  /** Unknown, wrong, expired, revoked, from elsewhere, its creator gone: the audit has which. */
  | { readonly kind: 'refused' };

/** For gateways alone. */
export interface ApiKeysPort {
  verify(presented: PresentedApiKey): Promise<ApiKeyVerdict>;
}
