import type { TenantId, TenantRecord } from '@inevitable/contract';
import type { SystemDatabase } from '../store/system-database.js';
import { entitlementsOf, FEATURES_OF_TENANT, type FeatureRows } from './entitlements-of.js';

interface TenantRow extends Omit<TenantRecord, 'entitlementsDigest'> {
  readonly features: FeatureRows;
}

export const findTenant = (db: SystemDatabase, tenantId: TenantId): Promise<TenantRecord | null> =>
  findTenantWhere(db, 't.id = $1', tenantId);

export const findTenantOfSlug = (db: SystemDatabase, slug: string): Promise<TenantRecord | null> =>
  findTenantWhere(db, 't.slug = $1', slug);

async function findTenantWhere(
  { rows }: SystemDatabase,
  condition: 't.id = $1' | 't.slug = $1',
  value: string,
): Promise<TenantRecord | null> {
  const [found] = await rows<TenantRow>(
    `select t.id, t.slug, t.name, t.plan, t.status, ${FEATURES_OF_TENANT} as features from tenants t where ${condition}`,
    [value],
  );
  if (!found) return null;
  const { features, ...tenant } = found;
  return { ...tenant, entitlementsDigest: entitlementsOf(tenant.plan, features).digest };
}
