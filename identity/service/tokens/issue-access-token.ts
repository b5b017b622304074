import {
  ACCESS_TOKEN_AUDIENCE,
  ACCESS_TOKEN_SECONDS,
  ACCESS_TOKEN_TYPE,
  type AccessTokenClaims,
  type Permission,
  type SessionId,
  type TenantId,
  type UserId,
} from '@inevitable/contract';
import { newId } from '@inevitable/kit';
import jwt from 'jsonwebtoken';
import { CUSTOM_ROLES_OF_MEMBERSHIP, customRoles, type CustomRoleRows } from '../access/custom-roles.js';
import { permissionsOf } from '../access/permissions-of.js';
import { entitlementsOf, FEATURES_OF_TENANT, type FeatureRows } from '../entitlements/entitlements-of.js';
import type { SystemDatabase } from '../store/system-database.js';
import type { SealedKey } from './signing-key.js';
import type { KeyOpener } from './signing-keys.js';

export interface AccessTokenIssuer {
  readonly db: SystemDatabase;
  readonly openKey: KeyOpener;
  readonly issuer: string;
  /** Every permission the products declare. */
  readonly permissions: readonly Permission[];
}

interface SessionFacts extends SealedKey {
  session_id: SessionId;
  user_id: UserId;
  tenant_id: TenantId;
  auth_time: Date;
  amr: string[];
  scopes: string[] | null;
  platform_admin: boolean;
  roles: string[];
  custom_roles: CustomRoleRows;
  plan: string;
  features: FeatureRows;
  position: string;
}

/**
 * One statement, hence one snapshot: the feed position is that of the very state the claims are read from. Read apart,
 * a role taken away in between would stay in a token that ignores its revocation. The key is the one that is current there,
 * whichever process rotated it.
 */
const LIVE_SESSION = `
  select s.id as session_id, s.user_id, s.tenant_id, s.auth_time, s.amr, s.scopes, u.platform_admin, m.roles,
    ${CUSTOM_ROLES_OF_MEMBERSHIP} as custom_roles, t.plan,
    ${FEATURES_OF_TENANT} as features, h.sequence as position,
    k.kid, k.sealed_private
  from sessions s
    join users u on u.id = s.user_id and u.status = 'active'
    join memberships m on m.tenant_id = s.tenant_id and m.user_id = s.user_id and m.status = 'active'
    join tenants t on t.id = s.tenant_id and t.status = 'active'
    cross join revocation_head h
    cross join signing_keys k
  where k.state = 'current' and s.id = $1 and s.ended_at is null and s.expires_at > stack_now()`;

/** An access token (RFC 9068) for a session, 15 minutes; null when the session, its person, membership or tenant is over. */
export async function issueAccessToken(
  { db, openKey, issuer, permissions }: AccessTokenIssuer,
  sessionId: SessionId,
): Promise<string | null> {
  const [facts] = await db.prepared<SessionFacts>(LIVE_SESSION, [sessionId]);
  if (!facts) return null;
  const now = Math.floor(Date.now() / 1_000);
  const claims: AccessTokenClaims = {
    iss: issuer,
    aud: ACCESS_TOKEN_AUDIENCE,
    sub: facts.user_id,
    sid: facts.session_id,
    tid: facts.tenant_id,
    roles: facts.roles,
    scope: withinScopes(facts.scopes, permissionsOf(facts.roles, permissions, customRoles(facts.custom_roles))).join(
      ' ',
    ),
    plan: facts.plan,
    ent: entitlementsOf(facts.plan, facts.features).digest,
    amr: facts.amr,
    auth_time: Math.floor(facts.auth_time.getTime() / 1_000),
    rev: Number(facts.position),
    // A token that was asked to do less does none of this.
    ...(facts.platform_admin && facts.scopes === null && { adm: true }),
    iat: now,
    exp: now + ACCESS_TOKEN_SECONDS,
    jti: newId(),
  };
  const { kid, privateKey } = openKey(facts);
  return jwt.sign(claims, privateKey, {
    algorithm: 'ES256',
    keyid: kid,
    header: { alg: 'ES256', typ: ACCESS_TOKEN_TYPE },
  });
}

/** What the client asked for, as far as the roles allow it (RFC 6749, section 3.3); null: it asked for all. */
const withinScopes = (scopes: readonly string[] | null, allowed: readonly Permission[]): readonly Permission[] =>
  scopes ? allowed.filter((permission) => scopes.includes(permission)) : allowed;
