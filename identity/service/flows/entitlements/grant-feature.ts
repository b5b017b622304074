import { BadUserInput, type TenantId } from '@inevitable/contract';
import { newId, plainText } from '@inevitable/kit';
import { z } from 'zod';
import { appendAudit } from '../../audit/append-audit.js';
import type { Origin } from '../../audit/origin.js';
import { METERED_FEATURE } from '../../entitlements/metered-feature.js';
import type { FlowDeps } from '../flow-deps.js';
import { amountFrom, assertAhead, authorOf, endText, featureText, tenantText } from './entitlement-inputs.js';
import { lockTenantNamed } from '../tenants/lock-tenant.js';

const DEFAULT_PRIORITY = 100;

export const grantInput = z.strictObject({
  tenant: tenantText,
  feature: featureText,
  amount: amountFrom(1),
  priority: z
    .int()
    .min(0)
    .max(1_000)
    .nullish()
    .transform((priority) => priority ?? DEFAULT_PRIORITY),
  source: plainText({ min: 1, max: 200, singleLine: true }),
  expiresAt: endText,
});

export type GrantFeature = z.output<typeof grantInput>;

/**
 * Gives a tenant more of a metered feature than its quota, once, until it is used up, expired or voided. It changes no
 * definition, so tokens go on. Throws `NotFound` for a tenant that does not exist, and `BadUserInput` for a feature that is
 * not metered for it and for an end that is over.
 */
export const grantFeature = (
  { tenant, feature, amount, priority, source, expiresAt = null }: GrantFeature,
  origin: Origin,
  { db }: FlowDeps,
): Promise<{ readonly tenantId: TenantId; readonly grantId: string }> =>
  db.transaction(async (rows) => {
    const { id: tenantId } = await lockTenantNamed(rows, tenant);
    await assertAhead(rows, expiresAt);
    if ((await rows(METERED_FEATURE, [tenantId, feature])).length === 0)
      throw new BadUserInput('This feature is not metered for this tenant.', 'input.feature');
    const grantId = newId();
    await rows(
      `with granted as (
         insert into feature_grants (tenant_id, id, feature, amount, priority, source, author, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8)
       )
       insert into feature_grant_balances (tenant_id, grant_id) values ($1, $2)`,
      [tenantId, grantId, feature, amount, priority, source, authorOf(origin), expiresAt],
    );
    await appendAudit(rows, {
      tenantId,
      origin,
      action: 'identity.grant-feature',
      outcome: 'success',
      subject: { type: 'FeatureGrant', id: grantId },
      details: { feature, amount, priority, expiresAt },
    });
    return { tenantId, grantId };
  });
