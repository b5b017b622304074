import { NotFound, type TenantId } from '@inevitable/contract';
import { z } from 'zod';
import { appendAudit } from '../../audit/append-audit.js';
import type { Origin } from '../../audit/origin.js';
import { HOLDS } from '../../entitlements/definition-of.js';
import { endStaleTokens } from '../../entitlements/end-stale-tokens.js';
import type { FlowDeps } from '../flow-deps.js';
import { appendOverride } from './append-override.js';
import { featureText, reasonText, tenantText } from './entitlement-inputs.js';
import { lockTenantNamed } from '../tenants/lock-tenant.js';

export const removeOverrideInput = z.strictObject({ tenant: tenantText, feature: featureText, reason: reasonText });

export type RemoveFeatureOverride = z.output<typeof removeOverrideInput>;

/** The plan decides again. Throws `NotFound` for a tenant that does not exist, and where no override holds. */
export const removeFeatureOverride = (
  { tenant, feature, reason }: RemoveFeatureOverride,
  origin: Origin,
  { db }: FlowDeps,
): Promise<TenantId> =>
  db.transaction(async (rows) => {
    const { id: tenantId } = await lockTenantNamed(rows, tenant);
    const [newest] = await rows<{ holds: boolean }>(
      `select ${HOLDS} is not null as holds from feature_overrides o
       where o.tenant_id = $1 and o.feature = $2 order by o.version desc limit 1`,
      [tenantId, feature],
    );
    if (!newest?.holds) throw new NotFound('override');
    const version = await appendOverride(rows, {
      tenantId,
      feature,
      definition: null,
      reason,
      expiresAt: null,
      origin,
    });
    await appendAudit(rows, {
      tenantId,
      origin,
      action: 'identity.remove-feature-override',
      outcome: 'success',
      subject: { type: 'Tenant', id: tenantId },
      details: { feature, version },
    });
    await endStaleTokens(rows, [tenantId]);
    return tenantId;
  });
