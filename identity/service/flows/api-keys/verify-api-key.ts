import { timingSafeEqual } from 'node:crypto';
import {
  withinRanges,
  type ApiKeyId,
  type ApiKeyVerdict,
  type Permission,
  type PresentedApiKey,
  type SecurityEventSink,
  type TenantId,
  type UserId,
} from '@inevitable/contract';
import { CUSTOM_ROLES_OF_MEMBERSHIP, customRoles, type CustomRoleRows } from '../../access/custom-roles.js';
import { permissionsOf } from '../../access/permissions-of.js';
import { appendAudit } from '../../audit/append-audit.js';
import { entitlementsOf, FEATURES_OF_TENANT, type FeatureRows } from '../../entitlements/entitlements-of.js';
import type { SystemDatabase } from '../../store/system-database.js';
import { claimAttempts } from '../../throttling/claim-attempts.js';

export interface VerifyApiKeyDeps {
  readonly db: SystemDatabase;
  /** Every permission the products declare now, and identity's own. */
  readonly permissions: () => readonly Permission[];
  readonly securityEvent: SecurityEventSink;
}

interface KeyFacts {
  id: ApiKeyId;
  tenant_id: TenantId;
  created_by: UserId;
  secret_hash: Buffer;
  scopes: string[];
  allowed_ips: string[];
  expires_at: Date;
  revoked: boolean;
  expired: boolean;
  creator_active: boolean;
  member_active: boolean;
  tenant_active: boolean;
  roles: string[];
  custom_roles: CustomRoleRows;
  plan: string;
  features: FeatureRows;
  position: string;
}

/**
 * One statement, hence one snapshot: the feed position is that of the very state the answer is made from, as it is in
 * access tokens.
 */
const KEY = `
  select k.id, k.tenant_id, k.created_by, k.secret_hash, k.scopes, k.allowed_ips, k.expires_at,
    k.revoked_at is not null as revoked, k.expires_at <= stack_now() as expired,
    u.status = 'active' as creator_active, m.status = 'active' as member_active, t.status = 'active' as tenant_active,
    m.roles, ${CUSTOM_ROLES_OF_MEMBERSHIP} as custom_roles, t.plan, ${FEATURES_OF_TENANT} as features,
    h.sequence as position
  from api_keys k
    join users u on u.id = k.created_by
    join memberships m on m.tenant_id = k.tenant_id and m.user_id = k.created_by
    join tenants t on t.id = k.tenant_id
    cross join revocation_head h
  where k.id = $1`;

/** A client that goes on with a key that ended says so once in a while, and fills no chain. */
const REFUSALS_KEPT = { attempts: 1, windowSeconds: 300 };

/** What a presented key may do now. Its refusals are audited in its tenant, one in five minutes; of an unknown id there is none. */
export async function verifyApiKey(presented: PresentedApiKey, deps: VerifyApiKeyDeps): Promise<ApiKeyVerdict> {
  const { db, permissions } = deps;
  const [facts] = await db.rows<KeyFacts>(KEY, [presented.id]);
  if (!facts) return { kind: 'refused' };
  const reason = flawOf(facts, presented);
  if (reason !== null) return refuse(facts, presented, reason, deps);
  await db.rows(
    `update api_keys set last_used_at = stack_now()
     where tenant_id = $1 and id = $2 and (last_used_at is null or last_used_at <= stack_now() - interval '1 minute')`,
    [facts.tenant_id, facts.id],
  );
  const allowed = permissionsOf(facts.roles, permissions(), customRoles(facts.custom_roles));
  return {
    kind: 'holds',
    key: {
      id: facts.id,
      tenantId: facts.tenant_id,
      plan: facts.plan,
      entitlementsDigest: entitlementsOf(facts.plan, facts.features).digest,
      creator: facts.created_by,
      may: allowed.filter((permission) => facts.scopes.includes(permission)),
      expiresAt: facts.expires_at.toISOString(),
      allowedIps: facts.allowed_ips,
      rev: Number(facts.position),
    },
  };
}

/** The secret first: to who does not have it, nothing else of the key matters. */
function flawOf(facts: KeyFacts, { secretHash, address }: PresentedApiKey): string | null {
  const hash = Buffer.from(secretHash, 'base64url');
  if (hash.length !== facts.secret_hash.length || !timingSafeEqual(hash, facts.secret_hash)) return 'wrong secret';
  if (facts.revoked) return 'revoked';
  if (facts.expired) return 'expired';
  if (!facts.creator_active) return 'its creator is disabled';
  if (!facts.member_active) return 'its creator is no member any more';
  if (!facts.tenant_active) return 'the tenant is not active';
  const { allowed_ips: ranges } = facts;
  if (ranges.length > 0 && (address === null || !withinRanges(ranges)(address))) return 'from an address it may not';
  return null;
}

async function refuse(
  { id, tenant_id: tenantId }: KeyFacts,
  { address }: PresentedApiKey,
  reason: string,
  { db, securityEvent }: VerifyApiKeyDeps,
): Promise<ApiKeyVerdict> {
  securityEvent('API key refused', { reason, tenantId, keyId: id });
  const counted = `api key refusals:${id}:${reason}`;
  if ((await claimAttempts(db.rows, [{ counted, ...REFUSALS_KEPT }])).kind === 'claimed')
    await appendAudit(db.rows, {
      tenantId,
      origin: { actor: { kind: 'apiKey', id }, sessionId: null, requestId: null, client: { address, agent: null } },
      action: 'identity.use-api-key',
      outcome: 'refused',
      reason,
      subject: { type: 'ApiKey', id },
    });
  return { kind: 'refused' };
}
