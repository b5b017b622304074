import type { TenantId } from '@inevitable/contract';
import { appendAudit } from '../audit/append-audit.js';
import { OPERATOR } from '../audit/origin.js';
import { endStaleTokens } from '../entitlements/end-stale-tokens.js';
import { appendOverride } from '../flows/entitlements/append-override.js';
import { lockTenant } from '../flows/tenants/lock-tenant.js';
import type { Rows, SystemDatabase } from '../store/system-database.js';

const PAGE = 100;

interface Expired {
  readonly tenant_id: TenantId;
  readonly feature: string;
}

/** The newest ones, of all tenants (`$1` null) or of one and its feature. */
const EXPIRED = `
  select o.tenant_id, o.feature from feature_overrides o
  where o.expires_at <= stack_now() and o.definition is not null
    and ($1::uuid is null or (o.tenant_id = $1 and o.feature = $2))
    and not exists (
      select from feature_overrides n where n.tenant_id = o.tenant_id and n.feature = o.feature and n.version > o.version)
  limit ${PAGE}`;

/**
 * An override that expired holds for no reservation any more, but nobody has told the tokens: this ends them, and writes
 * the end down as an override that gives the plan's back. Answers how many ended.
 */
export async function endOverrides(db: SystemDatabase, signal?: AbortSignal): Promise<number> {
  let ended = 0;
  let page: readonly Expired[];
  do {
    signal?.throwIfAborted();
    page = await db.rows<Expired>(EXPIRED, [null, null]);
    for (const expired of page) ended += (await db.transaction((rows) => end(rows, expired))) ? 1 : 0;
  } while (page.length === PAGE);
  return ended;
}

async function end(rows: Rows, { tenant_id: tenantId, feature }: Expired): Promise<boolean> {
  await lockTenant(rows, tenantId);
  // Another run, or an administrator, may have been here first.
  if ((await rows(EXPIRED, [tenantId, feature])).length === 0) return false;
  const version = await appendOverride(rows, {
    tenantId,
    feature,
    definition: null,
    reason: 'The override expired.',
    expiresAt: null,
    origin: OPERATOR,
  });
  await appendAudit(rows, {
    tenantId,
    origin: OPERATOR,
    action: 'identity.end-override',
    outcome: 'success',
    subject: { type: 'Tenant', id: tenantId },
    details: { feature, version },
  });
  await endStaleTokens(rows, [tenantId]);
  return true;
}
