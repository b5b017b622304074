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
}
