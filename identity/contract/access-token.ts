import { z } from 'zod';
import type { Caller } from './caller.js';
import type { SessionId, TenantId, UserId } from './ids.js';
import { contextOf, type AnonymousRequest, type CallerIdentity, type RequestContext } from './request-context.js';

/** `aud` of every access token: the gateway is the only one who accepts them. */
export const ACCESS_TOKEN_AUDIENCE = 'inevitable-gateway';
/** `typ` header of an access token (RFC 9068, section 2.1). */
export const ACCESS_TOKEN_TYPE = 'at+jwt';

/**
 * How long one lives at most, in seconds. Gateways hold identity to it: what was taken back is remembered for 20 minutes, and
 * a token that lived longer would outlive that.
 */
export const ACCESS_TOKEN_SECONDS = 900;

const uuid = z.uuid();

/** The claims of an access token (RFC 9068), as core-identity writes them and gateways read them. */
export const accessTokenClaims = z.object({
  iss: z.string(),
  aud: z.literal(ACCESS_TOKEN_AUDIENCE),
  sub: uuid.transform((text) => text as UserId),
  sid: uuid.transform((text) => text as SessionId),
  tid: uuid.transform((text) => text as TenantId),
  roles: z.array(z.string()),
  /** Space-separated permissions (RFC 6749, section 3.3). */
  scope: z.string(),
  plan: z.string(),
  /** Digest of the tenant's entitlements at issue; the list itself is looked up by it. */
  ent: z.string(),
  amr: z.array(z.string()),
  auth_time: z.int(),
  /** Position of the revocation feed at issue: later revocations of a claim end this token. */
  rev: z.int().nonnegative(),
  /** A platform administrator; never a tenant role. */
  adm: z.boolean().optional(),
  iat: z.int(),
  exp: z.int(),
  jti: z.string(),
});
export type AccessTokenClaims = z.infer<typeof accessTokenClaims>;

/** The same objects for every request with the token. */
const identities = new WeakMap<AccessTokenClaims, CallerIdentity>();

function identityIn(claims: AccessTokenClaims): CallerIdentity {
  const known = identities.get(claims);
  if (known) return known;
  const caller: Caller = claims.adm
    ? { kind: 'platformAdmin', userId: claims.sub }
    : { kind: 'member', userId: claims.sub };
  const identity = Object.freeze({
    tenant: Object.freeze({ id: claims.tid, plan: claims.plan, entitlementsDigest: claims.ent }),
    caller: Object.freeze(caller),
    sessionId: claims.sid,
    roles: Object.freeze(claims.roles),
    may: new Set(claims.scope.split(' ').filter(Boolean)),
  });
  identities.set(claims, identity);
  return identity;
}

/** The request context of a verified access token. */
export const contextFromAccessToken = (claims: AccessTokenClaims, request: AnonymousRequest): RequestContext =>
  contextOf(request, identityIn(claims));
