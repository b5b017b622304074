import {
  accessTokenClaims,
  ACCESS_TOKEN_AUDIENCE,
  ACCESS_TOKEN_SECONDS,
  ACCESS_TOKEN_TYPE,
  SubgraphUnreachable,
  TenantSuspended,
  type AccessTokenClaims,
  type CredentialFlaw,
} from '@inevitable/contract';
import jwt from 'jsonwebtoken';
import { LRUCache } from 'lru-cache';
import { z } from 'zod';
import { CredentialRefused } from './credential-refused.js';
import type { RevocationView } from './revocation-view.js';
import type { VerificationKeys } from './verification-keys.js';

const CACHED_TOKENS = 10_000;
/** For clocks that differ, at each end of a lifetime. */
const CLOCK_TOLERANCE_SECONDS = 30;
/** RFC 6750, section 2.1; the scheme's case does not matter (RFC 9110, section 11.1). A JWS is three base64url parts. */
const BEARER = /^bearer +([\w-]+\.[\w-]+\.[\w-]+)$/i;

const tokenHeader = z.object({
  alg: z.literal('ES256'),
  typ: z.literal(ACCESS_TOKEN_TYPE),
  kid: z.string().min(1).max(200),
  // RFC 7515, section 4.1.11: what a token declares critical must be understood, and we understand no extension.
  crit: z.undefined().optional(),
});

interface Verified {
  readonly claims: AccessTokenClaims;
  readonly kid: string;
}

export interface AccessTokens {
  /**
   * The claims of a bearer token that holds now, at once where it was verified before. Rejects with `Unauthenticated`
   * when it does not, whatever the reason, and with `SubgraphUnreachable` when that cannot be known because identity has
   * been silent for too long.
   */
  verify(authorization: string): AccessTokenClaims | Promise<AccessTokenClaims>;
  /** The same for whoever will ask again and again. Rejects as `verify`. */
  keep(authorization: string): Promise<KeptToken>;
}

/** A token whose signature was found to be good. */
export interface KeptToken {
  /** Throws as `verify` rejects, once it has ended. */
  claims(): AccessTokenClaims;
}

/**
 * Reads access tokens (RFC 9068) against identity's keys and revocations, as RFC 8725 has it: one algorithm, one type, one
 * issuer, one audience, and one spelling. What a header says of where its key is (`jku`, `x5u`, `jwk`, `x5c`) is not read.
 * `now` in epoch milliseconds.
 */
export function accessTokens(keys: VerificationKeys, revocations: RevocationView, now: () => number): AccessTokens {
  /** By the whole header: what it holds is not read again. */
  const cache = new LRUCache<string, Verified>({ max: CACHED_TOKENS });
  const isExpired = ({ exp }: AccessTokenClaims): boolean => now() / 1_000 >= exp + CLOCK_TOLERANCE_SECONDS;
  const isRefusedKey = (kid: string): boolean => !keys.has(kid) || revocations.isWithdrawn(kid);
  /** RFC 9068 leaves `iat` to us. Identity dates no token ahead and none for longer: this one is not its own, or its clock is off. */
  const isOddlyDated = ({ iat, exp }: AccessTokenClaims): boolean =>
    iat > now() / 1_000 + CLOCK_TOLERANCE_SECONDS || exp - iat > ACCESS_TOKEN_SECONDS;

  async function verifySignature(token: string): Promise<Verified> {
    const [head, payload, signature] = token.split('.') as [string, string, string]; // BEARER has seen them
    const header = tokenHeader.safeParse(jsonIn(head));
    if (!header.success || jsonIn(payload) === undefined || !isCanonical(signature)) throw refused('malformed');
    const { kid } = header.data;
    const key = revocations.isWithdrawn(kid) ? null : await keys.find(kid);
    const issuer = keys.issuer;
    if (!key || issuer === null) throw refused('unknown-key');
    const claims = accessTokenClaims.safeParse(
      payloadOf(() =>
        jwt.verify(token, key, {
          algorithms: ['ES256'],
          issuer,
          audience: ACCESS_TOKEN_AUDIENCE,
          clockTolerance: CLOCK_TOLERANCE_SECONDS,
          clockTimestamp: Math.floor(now() / 1_000),
        }),
      ),
    );
    if (!claims.success || isOddlyDated(claims.data)) throw refused('not-genuine');
    return { claims: claims.data, kid };
  }

  /** Throws where it does not hold any more. A key that identity withdrew takes the tokens it signed with it. */
  function holding({ claims, kid }: Verified): AccessTokenClaims {
    if (isRefusedKey(kid)) throw refused('unknown-key');
    if (isExpired(claims)) throw refused('expired');
    if (!revocations.isTrustworthy())
      throw new SubgraphUnreachable('identity', new Error(revocations.health().reason ?? ''));
    // Only whoever had a token that held is told of the tenant.
    if (revocations.isTenantSuspended(claims)) throw new TenantSuspended();
    if (revocations.isRevoked(claims)) throw refused('revoked');
    return claims;
  }

  async function verified(authorization: string): Promise<Verified> {
    const token = BEARER.exec(authorization)?.[1];
    if (token === undefined) throw refused('malformed');
    const known = cache.get(authorization);
    if (known && !isRefusedKey(known.kid) && !isExpired(known.claims)) return known;
    cache.delete(authorization);
    const entry = await verifySignature(token);
    cache.set(authorization, entry);
    return entry;
  }

  return {
    verify(authorization) {
      const known = cache.get(authorization);
      return known &&
        !isRefusedKey(known.kid) &&
        !isExpired(known.claims) &&
        revocations.isTrustworthy() &&
        !revocations.isRevoked(known.claims)
        ? known.claims
        : verified(authorization).then(holding);
    },
    async keep(authorization) {
      const token = await verified(authorization);
      holding(token);
      return { claims: () => holding(token) };
    },
  };
}

/** One answer for every flaw: the reader may be the one who made the token. */
const refused = (flaw: CredentialFlaw): CredentialRefused =>
  new CredentialRefused('The access token is not valid. Sign in again.', flaw);

/**
 * What a part of a token says, or undefined where it is spelt in another way than identity spells it (RFC 8725, section 2.4):
 * a name twice, of which two readers may believe different ones, spaces, bytes that are no UTF-8, and base64url with padding
 * or with bits set that nobody reads.
 */
function jsonIn(part: string): unknown {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString());
    return Buffer.from(JSON.stringify(value)).toString('base64url') === part ? value : undefined;
  } catch {
    return undefined;
  }
}

const isCanonical = (part: string): boolean => Buffer.from(part, 'base64url').toString('base64url') === part;

/** null: it is not genuine. Throws where it was until it expired: that is looked at last. */
function payloadOf(verify: () => unknown): unknown {
  try {
    return verify();
  } catch (error) {
    if (error instanceof jwt.TokenExpiredError) throw refused('expired');
    return null;
  }
}
