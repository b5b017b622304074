import type { TenantId } from '../ids.js';

export interface TenantRecord {
  readonly id: TenantId;
  readonly slug: string;
  readonly name: string;
  readonly plan: string;
  readonly entitlementsDigest: string;
  readonly status: 'active' | 'suspended' | 'deleting';
}

export interface TenantsPort {
  find(tenantId: TenantId): Promise<TenantRecord | null>;
  /**
   * The ids of active tenants in order, from the first one after `after` (null: from the beginning), at most 500.
   * The page after the last one is empty. A tenant that is made or suspended between two pages may be in them or not.
   */
  active(after: TenantId | null): Promise<readonly TenantId[]>;
}
