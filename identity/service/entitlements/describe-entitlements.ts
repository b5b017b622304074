import { NotFound, type Entitlements, type TenantId } from '@inevitable/contract';
import type { SystemDatabase } from '../store/system-database.js';
import { entitlementsOf, FEATURES_OF_TENANT, type FeatureRows } from './entitlements-of.js';

/** Throws `NotFound`. */
export async function describeEntitlements({ rows }: SystemDatabase, tenantId: TenantId): Promise<Entitlements> {
  const [tenant] = await rows<{ plan: string; features: FeatureRows }>(
    `select t.plan, ${FEATURES_OF_TENANT} as features from tenants t where t.id = $1`,
    [tenantId],
  );
  if (!tenant) throw new NotFound('tenant');
  return entitlementsOf(tenant.plan, tenant.features);
}
