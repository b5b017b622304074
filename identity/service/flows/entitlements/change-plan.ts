import { BadUserInput, type TenantId } from '@inevitable/contract';
import { plainText } from '@inevitable/kit';
import { z } from 'zod';
import { appendAudit } from '../../audit/append-audit.js';
import type { Origin } from '../../audit/origin.js';
import { endStaleTokens } from '../../entitlements/end-stale-tokens.js';
import type { FlowDeps } from '../flow-deps.js';
import { tenantText } from './entitlement-inputs.js';
import { lockTenantNamed } from '../tenants/lock-tenant.js';

export const changePlanInput = z.strictObject({ tenant: tenantText, plan: plainText({ min: 1, max: 100 }) });

export type ChangePlan = z.output<typeof changePlanInput>;

/**
 * Puts a tenant on another plan, from the next reservation on: what it has used of the period counts against the new
 * quota. Overrides and grants stay. Its tokens state the plan, so they end. Throws `NotFound` for a tenant that does not
 * exist and `BadUserInput` for a plan that does not.
 */
export const changePlan = ({ tenant, plan }: ChangePlan, origin: Origin, { db }: FlowDeps): Promise<TenantId> =>
  db.transaction(async (rows) => {
    const { id: tenantId, plan: before } = await lockTenantNamed(rows, tenant);
    const known = await rows('select from plans where name = $1', [plan]);
    if (known.length === 0) throw new BadUserInput('There is no such plan.', 'input.plan');
    if (plan !== before)
      await rows('update tenants set plan = $2, updated_at = stack_now() where id = $1', [tenantId, plan]);
    await appendAudit(rows, {
      tenantId,
      origin,
      action: 'identity.change-plan',
      outcome: 'success',
      subject: { type: 'Tenant', id: tenantId },
      details: { before, after: plan },
    });
    if (plan !== before) await endStaleTokens(rows, [tenantId]);
    return tenantId;
  });
