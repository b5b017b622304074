import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { ACCESS_TOKEN_SECONDS, type PublicJwk } from '@inevitable/contract';
import jwt from 'jsonwebtoken';

export const ISSUER = 'http://identity.bench';
export const AUDIENCE = 'inevitable-gateway';
export const TOKEN_TYPE = 'at+jwt';
export const PLAN = 'enterprise';
/** Of what every tenant may use. */
export const ENTITLEMENTS_DIGEST = 'digest-1';

export interface IssuedTokens {
  readonly publicJwk: PublicJwk;
  /** Each of another user, session and tenant; good for 15 minutes, as gateways believe none for longer. */
  readonly tokens: readonly string[];
  /** As many others, of the same key. */
  again(): readonly string[];
}

/** Access tokens as core-identity writes them (RFC 9068, ES256), signed by a key of this run. */
export function issueTokens(count: number): IssuedTokens {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const { x, y } = publicKey.export({ format: 'jwk' }) as { x: string; y: string };
  const kid = randomUUID();
  const issue = (now: number): string =>
    jwt.sign(
      {
        iss: ISSUER,
        aud: AUDIENCE,
        sub: randomUUID(),
        sid: randomUUID(),
        tid: randomUUID(),
        roles: ['member'],
        scope: 'starter:notes:read starter:notes:write',
        plan: PLAN,
        ent: ENTITLEMENTS_DIGEST,
        amr: ['pwd'],
        auth_time: now,
        rev: 0,
        iat: now,
        exp: now + ACCESS_TOKEN_SECONDS,
        jti: randomUUID(),
      },
      privateKey,
      { algorithm: 'ES256', header: { alg: 'ES256', typ: TOKEN_TYPE, kid } },
    );
  const all = (): readonly string[] => {
    const now = Math.floor(Date.now() / 1_000);
    return Array.from({ length: count }, () => issue(now));
  };
  return {
    publicJwk: { kid, kty: 'EC', crv: 'P-256', x, y, alg: 'ES256', use: 'sig' },
    tokens: all(),
    again: all,
  };
}
