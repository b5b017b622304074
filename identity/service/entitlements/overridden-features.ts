import type { TenantId } from '@inevitable/contract';
import type { SystemDatabase } from '../store/system-database.js';
import { HOLDS } from './definition-of.js';

/** The features of which the tenant has an override that holds. */
export async function overriddenFeatures({ rows }: SystemDatabase, tenantId: TenantId): Promise<ReadonlySet<string>> {
  const overridden = await rows<{ feature: string }>(
    `select feature from (
       select distinct on (o.feature) o.feature, ${HOLDS} as definition
       from feature_overrides o where o.tenant_id = $1 order by o.feature, o.version desc
     ) newest where definition is not null`,
    [tenantId],
  );
  return new Set(overridden.map(({ feature }) => feature));
}
