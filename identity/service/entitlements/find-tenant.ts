import type { TenantId, TenantRecord } from '@inevitable/contract';
import type { SystemDatabase } from '../store/system-database.js';
import { entitlementsOf, FEATURES_OF_TENANT, type FeatureRows } from './entitlements-of.js';

interface TenantRow extends Omit<TenantRecord, 'entitlementsDigest'> {
  readonly features: FeatureRows;
}

export async function findTenant({ rows }: SystemDatabase, tenantId: TenantId): Promise<TenantRecord | null> {
  const [found] = await rows<TenantRow>(
    `select t.id, t.slug, t.name, t.plan, t.status, ${FEATURES_OF_TENANT} as features from tenants t where t.id = $1`,
    [tenantId],
  );
  if (!found) return null;
  const { features, ...tenant } = found;
  return { ...tenant, entitlementsDigest: entitlementsOf(tenant.plan, features).digest };
}
