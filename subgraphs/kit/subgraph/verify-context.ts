import { createPublicKey, type KeyObject } from 'node:crypto';
import {
  contextFromClaims,
  contextTokenClaims,
  CONTEXT_TOKEN_ISSUER,
  CONTEXT_TOKEN_SECONDS,
  CONTEXT_TOKEN_TYPE,
  Unauthenticated,
  type ContextTokenClaims,
  type RequestContext,
  type RequestFacts,
} from '@inevitable/contract';
import jwt from 'jsonwebtoken';
import { LRUCache } from 'lru-cache';
import { z } from 'zod';

export type VerifyContext = (token: string | undefined, request: RequestFacts) => Promise<RequestContext>;

/** A new gateway's key is looked up at most this often: unknown key ids cannot make a storm of fetches. */
const REFETCH_AFTER_MS = 1_000;
/** A key that identity publishes no more, of a gateway that is gone, is believed for so long at most while identity answers. */
const REFRESH_AFTER_MS = 60_000;
const VERIFIED_TOKENS = 10_000;
const CLOCK_TOLERANCE_SECONDS = 5;

const jwks = z.object({
  keys: z.array(z.looseObject({ kid: z.string(), kty: z.literal('EC'), crv: z.literal('P-256') })),
});

/**
 * Verifies `x-inevitable-context` for one subgraph: ES256, signed by a live gateway (`/.well-known/context-jwks.json`
 * of identity), made for this audience, not a minute old, whatever it says of its end. Throws `Unauthenticated`, and says no more.
 */
export function contextVerifier(audience: string, jwksUrl: string): VerifyContext {
  let keys = new Map<string, KeyObject>();
  let fetchedAt = 0;
  let fetching: Promise<void> | null = null;
  const verified = new LRUCache<string, ContextTokenClaims>({ max: VERIFIED_TOKENS });

  async function fetchKeys(): Promise<void> {
    fetchedAt = Date.now();
    const response = await fetch(jwksUrl, { signal: AbortSignal.timeout(2_000) });
    const { keys: published } = jwks.parse(await response.json());
    keys = new Map(published.map((jwk) => [jwk.kid, createPublicKey({ key: jwk as never, format: 'jwk' })]));
  }

  async function keyFor(kid: unknown): Promise<KeyObject> {
    if (typeof kid !== 'string') throw new Unauthenticated();
    const age = Date.now() - fetchedAt;
    if (fetching || age > (keys.has(kid) ? REFRESH_AFTER_MS : REFETCH_AFTER_MS)) {
      // Identity being down is no reason to forget the keys we have.
      fetching ??= fetchKeys()
        .catch(() => undefined)
        .finally(() => (fetching = null));
      await fetching;
    }
    const key = keys.get(kid);
    if (!key) throw new Unauthenticated();
    return key;
  }

  async function verify(token: string): Promise<ContextTokenClaims> {
    const header = headerOf(token);
    if (header?.typ !== CONTEXT_TOKEN_TYPE) throw new Unauthenticated();
    const key = await keyFor(header.kid);
    let claims: ContextTokenClaims;
    try {
      claims = contextTokenClaims.parse(
        jwt.verify(token, key, {
          algorithms: ['ES256'],
          audience,
          issuer: CONTEXT_TOKEN_ISSUER,
          clockTolerance: CLOCK_TOLERANCE_SECONDS,
        }),
      );
    } catch {
      throw new Unauthenticated();
    }
    const { iat, exp } = claims;
    if (exp - iat > CONTEXT_TOKEN_SECONDS || iat > Date.now() / 1_000 + CLOCK_TOLERANCE_SECONDS)
      throw new Unauthenticated();
    return claims;
  }

  return async (token, request) => {
    if (!token) throw new Unauthenticated();
    let claims = verified.get(token);
    if (!claims) {
      claims = await verify(token);
      verified.set(token, claims);
    }
    if (claims.exp + CLOCK_TOLERANCE_SECONDS < Date.now() / 1_000) throw new Unauthenticated();
    return contextFromClaims(claims, request);
  };
}

/** The header as it claims to be, or null for what is no JWT; jsonwebtoken throws on some of those. */
function headerOf(token: string): jwt.JwtHeader | null {
  try {
    return jwt.decode(token, { complete: true })?.header ?? null;
  } catch {
    return null;
  }
}
