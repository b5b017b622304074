import { NotFound, type TenantId } from '@inevitable/contract';
import { uuidText } from '@inevitable/kit';
import { z } from 'zod';
import { appendAudit } from '../../audit/append-audit.js';
import type { Origin } from '../../audit/origin.js';
import type { FlowDeps } from '../flow-deps.js';
import { authorOf, reasonText, tenantText } from './entitlement-inputs.js';
import { lockTenantNamed } from '../tenants/lock-tenant.js';

export const voidGrantInput = z.strictObject({ tenant: tenantText, id: uuidText, reason: reasonText });

export type VoidFeatureGrant = z.output<typeof voidGrantInput>;

/**
 * Nobody burns the rest of a grant any more. What was taken of it before may still be committed; what is given back is lost.
 * Throws `NotFound` for a grant the tenant does not have, and for one that is void already.
 */
export const voidFeatureGrant = (
  { tenant, id: grantId, reason }: VoidFeatureGrant,
  origin: Origin,
  { db }: FlowDeps,
): Promise<{ readonly tenantId: TenantId; readonly grantId: string }> =>
  db.transaction(async (rows) => {
    const { id: tenantId } = await lockTenantNamed(rows, tenant);
    const voided = await rows<{ used: string; held: string }>(
      `with voided as (
         update feature_grant_balances set voided = true where tenant_id = $1 and grant_id = $2 and not voided
         returning tenant_id, grant_id, used, held
       ), written as (
         insert into feature_grant_voids (tenant_id, grant_id, reason, author) select tenant_id, grant_id, $3, $4 from voided
       )
       select used, held from voided`,
      [tenantId, grantId, reason, authorOf(origin)],
    );
    if (!voided[0]) throw new NotFound('grant');
    await appendAudit(rows, {
      tenantId,
      origin,
      action: 'identity.void-feature-grant',
      outcome: 'success',
      subject: { type: 'FeatureGrant', id: grantId },
      details: { used: Number(voided[0].used), held: Number(voided[0].held) },
    });
    return { tenantId, grantId };
  });
