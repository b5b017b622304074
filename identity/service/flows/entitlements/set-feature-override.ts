import { BadUserInput, type Feature, type TenantId } from '@inevitable/contract';
import { z } from 'zod';
import { appendAudit } from '../../audit/append-audit.js';
import type { Origin } from '../../audit/origin.js';
import { endStaleTokens } from '../../entitlements/end-stale-tokens.js';
import type { Rows } from '../../store/system-database.js';
import type { FlowDeps } from '../flow-deps.js';
import { appendOverride } from './append-override.js';
import { amountFrom, assertAhead, endText, featureText, reasonText, tenantText } from './entitlement-inputs.js';
import { lockTenantNamed } from '../tenants/lock-tenant.js';

const LARGEST_VALUE = 10_000;
/** JSON that PostgreSQL can hold, and that everyone who asks what the tenant may use can be sent. */
const staticValue = z
  .json()
  .nullish()
  .refine(
    (value) => JSON.stringify(value ?? null).length <= LARGEST_VALUE,
    `must have at most ${LARGEST_VALUE} characters`,
  )
  .refine((value) => !JSON.stringify(value ?? null).includes('\\u0000'), 'must not contain the NUL character');

/** What a definition says, whatever its kind is; exactly one kind's. */
export const overrideInput = z
  .strictObject({
    tenant: tenantText,
    feature: featureText,
    isEnabled: z.boolean().nullish(),
    value: staticValue,
    quota: amountFrom(0).nullish(),
    per: z.enum(['DAY', 'MONTH']).nullish(),
    reason: reasonText,
    expiresAt: endText,
  })
  .transform(({ isEnabled, value, quota, per, ...rest }, issues) => {
    const kinds = [isEnabled != null, value != null, quota != null].filter(Boolean).length;
    if (kinds !== 1 || (quota != null) !== (per != null)) {
      issues.addIssue({ code: 'custom', message: 'must say one of "isEnabled", "value", and "quota" with "per"' });
      return z.NEVER;
    }
    return { ...rest, definition: definitionFrom(isEnabled, value, quota, per) };
  });

function definitionFrom(
  enabled: boolean | null | undefined,
  value: unknown,
  quota: number | null | undefined,
  per: 'DAY' | 'MONTH' | null | undefined,
): Feature {
  if (enabled != null) return { kind: 'boolean', enabled };
  if (quota != null) return { kind: 'metered', limit: quota, per: per === 'DAY' ? 'day' : 'month' };
  return { kind: 'static', value };
}

export type SetFeatureOverride = z.output<typeof overrideInput>;

/**
 * A feature becomes the tenant's own, whatever its plan says, until it expires or another override comes. What it was
 * stays written. Throws `NotFound` for a tenant that does not exist, and `BadUserInput` for a feature that no plan has, for
 * a definition of another kind than theirs and for an end that is over.
 */
export const setFeatureOverride = (input: SetFeatureOverride, origin: Origin, { db }: FlowDeps): Promise<TenantId> =>
  db.transaction(async (rows) => {
    const { feature, definition, expiresAt = null, reason } = input;
    const { id: tenantId } = await lockTenantNamed(rows, input.tenant);
    await assertAhead(rows, expiresAt);
    await assertKind(rows, feature, definition.kind);
    const version = await appendOverride(rows, { tenantId, feature, definition, reason, expiresAt, origin });
    await appendAudit(rows, {
      tenantId,
      origin,
      action: 'identity.set-feature-override',
      outcome: 'success',
      subject: { type: 'Tenant', id: tenantId },
      details: { feature, version, definition, expiresAt },
    });
    await endStaleTokens(rows, [tenantId]);
    return tenantId;
  });

/** A product asks for a kind: with another one it would find the feature missing. */
async function assertKind(rows: Rows, feature: string, kind: string): Promise<void> {
  const known = await rows<{ kind: string }>(
    `select distinct definition ->> 'kind' as kind from plan_features where feature = $1 order by kind`,
    [feature],
  );
  if (known.length === 0) throw new BadUserInput('No plan has this feature.', 'input.feature');
  const kinds = known.map((one) => one.kind);
  if (!kinds.includes(kind)) throw new BadUserInput(`In plans this feature is ${kinds.join(' or ')}.`, 'input');
}
