import type { KeyObject } from 'node:crypto';
import jwt, { type JwtPayload } from 'jsonwebtoken';
import { LRUCache } from 'lru-cache';
import { AUDIENCE } from './access-tokens.js';

/** As many as our gateway keeps. */
const CACHED_TOKENS = 10_000;

/**
 * Bearer tokens for a peer that has no verification of its own, as cheap as ours: a `KeyObject` made once, and each
 * token's signature checked once. Returns null without a token; throws for one that does not hold.
 */
export function verifiedTokens(
  key: KeyObject,
  issuer: string,
): (authorization: string | undefined) => JwtPayload | null {
  const verified = new LRUCache<string, JwtPayload>({ max: CACHED_TOKENS });
  return (authorization) => {
    if (authorization === undefined) return null;
    const token = authorization.slice('Bearer '.length);
    let claims = verified.get(token);
    if (!claims) {
      claims = jwt.verify(token, key, { algorithms: ['ES256'], issuer, audience: AUDIENCE }) as JwtPayload;
      verified.set(token, claims);
    }
    if (Date.now() / 1_000 >= claims.exp!) throw new Error('The token has expired.');
    return claims;
  };
}
