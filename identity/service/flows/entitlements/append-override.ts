import type { Feature, TenantId } from '@inevitable/contract';
import type { Origin } from '../../audit/origin.js';
import type { Rows } from '../../store/system-database.js';
import { authorOf } from './entitlement-inputs.js';

export interface OverrideToAppend {
  readonly tenantId: TenantId;
  readonly feature: string;
  /** null: what the plan says. */
  readonly definition: Feature | null;
  readonly reason: string;
  readonly expiresAt: Date | null;
  readonly origin: Origin;
}

/** Supersedes what was there, which stays; answers the version. The tenant is locked (tenants/lock-tenant.ts). */
export async function appendOverride(rows: Rows, override: OverrideToAppend): Promise<number> {
  const { tenantId, feature, definition, reason, expiresAt, origin } = override;
  const [appended] = await rows<{ version: number }>(
    `insert into feature_overrides (tenant_id, feature, version, definition, reason, author, expires_at)
     select $1, $2, coalesce(max(version), 0) + 1, $3, $4, $5, $6 from feature_overrides where tenant_id = $1 and feature = $2
     returning version`,
    [tenantId, feature, definition && JSON.stringify(definition), reason, authorOf(origin), expiresAt],
  );
  return appended!.version;
}
