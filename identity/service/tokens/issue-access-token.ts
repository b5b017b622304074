import {
  ACCESS_TOKEN_AUDIENCE,
  ACCESS_TOKEN_TYPE,
  type AccessTokenClaims,
  type Permission,
  type SessionId,
  type TenantId,
  type UserId,
} from '@inevitable/contract';
import { newId } from '@inevitable/kit';
import jwt from 'jsonwebtoken';
import { permissionsOf } from '../access/permissions-of.js';
import { entitlementsOf, FEATURES_OF_TENANT, type FeatureRows } from '../entitlements/entitlements-of.js';
import type { SystemDatabase } from '../store/system-database.js';
import type { SigningKey } from './signing-key.js';

export const ACCESS_TOKEN_SECONDS = 900;

export interface AccessTokenIssuer {
  readonly db: SystemDatabase;
  readonly key: SigningKey;
  readonly issuer: string;
  /** Every permission the products declare. */
  readonly permissions: readonly Permission[];
}

interface SessionFacts {
  session_id: SessionId;
  user_id: UserId;
  tenant_id: TenantId;
  auth_time: Date;
  amr: string[];
  platform_admin: boolean;
  roles: string[];
  plan: string;
  features: FeatureRows;
  position: string;
}

/**
 * One statement, hence one snapshot: the feed position is that of the very state the claims are read from. Read apart,
 * a role taken away in between would stay in a token that ignores its revocation.
 */
const LIVE_SESSION = `
  select s.id as session_id, s.user_id, s.tenant_id, s.auth_time, s.amr, u.platform_admin, m.roles, t.plan,
    ${FEATURES_OF_TENANT} as features, h.sequence as position
  from sessions s
    join users u on u.id = s.user_id and u.status = 'active'
    join memberships m on m.tenant_id = s.tenant_id and m.user_id = s.user_id and m.status = 'active'
    join tenants t on t.id = s.tenant_id and t.status = 'active'
    cross join revocation_head h
  where s.id = $1 and s.ended_at is null and s.expires_at > stack_now()`;

/** An access token (RFC 9068) for a session, 15 minutes; null when the session, its person, membership or tenant is over. */
export async function issueAccessToken(
  { db, key, issuer, permissions }: AccessTokenIssuer,
  sessionId: SessionId,
): Promise<string | null> {
  const [facts] = await db.rows<SessionFacts>(LIVE_SESSION, [sessionId]);
  if (!facts) return null;
  const now = Math.floor(Date.now() / 1_000);
  const claims: AccessTokenClaims = {
    iss: issuer,
    aud: ACCESS_TOKEN_AUDIENCE,
    sub: facts.user_id,
    sid: facts.session_id,
    tid: facts.tenant_id,
    roles: facts.roles,
    scope: permissionsOf(facts.roles, permissions).join(' '),
    plan: facts.plan,
    ent: entitlementsOf(facts.plan, facts.features).digest,
    amr: facts.amr,
    auth_time: Math.floor(facts.auth_time.getTime() / 1_000),
    rev: Number(facts.position),
    ...(facts.platform_admin && { adm: true }),
    iat: now,
    exp: now + ACCESS_TOKEN_SECONDS,
    jti: newId(),
  };
  return jwt.sign(claims, key.privateKey, {
    algorithm: 'ES256',
    keyid: key.kid,
    header: { alg: 'ES256', typ: ACCESS_TOKEN_TYPE },
  });
}
