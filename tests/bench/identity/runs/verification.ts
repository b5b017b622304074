import { createPublicKey, generateKeyPairSync, randomUUID } from 'node:crypto';
import { resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { ACCESS_TOKEN_AUDIENCE, ACCESS_TOKEN_TYPE, type PublicJwk } from '@inevitable/contract';
import jwt from 'jsonwebtoken';
import { pino } from 'pino';
import { median } from '../../measure/median.js';
import type { Options } from '../options.js';

const ISSUER = 'http://identity.bench';
const TOKENS = 4_000;
/** Of which one block is verified by the gateway and one by jsonwebtoken alone, in turn. */
const BLOCK = 50;
const CACHED = 200_000;

export interface VerificationFigures {
  /** Of a token that was verified before, a call. */
  readonly cachedUs: number;
  /** Of one that was not: a signature, and what a gateway reads beside it. */
  readonly uncachedUs: number;
  /** `jwt.verify` alone, of the same tokens. */
  readonly bareUs: number;
  readonly ratio: number;
}

/** The gateway's own parts, which its package does not export. */
async function gatewayParts() {
  const part = (path: string): string => pathToFileURL(resolve('gateway/dist/authentication', path)).href;
  const { accessTokens } = (await import(
    part('access-tokens.js')
  )) as typeof import('../../../../gateway/dist/authentication/access-tokens.js');
  const { VerificationKeys } = (await import(
    part('verification-keys.js')
  )) as typeof import('../../../../gateway/dist/authentication/verification-keys.js');
  const { RevocationView } = (await import(
    part('revocation-view.js')
  )) as typeof import('../../../../gateway/dist/authentication/revocation-view.js');
  return { accessTokens, VerificationKeys, RevocationView };
}

export async function measureVerification({ rounds }: Options): Promise<VerificationFigures> {
  const { accessTokens, VerificationKeys, RevocationView } = await gatewayParts();
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const { x, y } = publicKey.export({ format: 'jwk' }) as { x: string; y: string };
  const kid = randomUUID();
  const jwk: PublicJwk = { kid, kty: 'EC', crv: 'P-256', x, y, alg: 'ES256', use: 'sig' };
  const stop = new AbortController();
  const clock = { log: pino({ level: 'silent' }), now: Date.now };
  const keys = new VerificationKeys(
    { settings: async () => ({ issuer: ISSUER, keys: [jwk] }), registerContextKey: async () => undefined },
    clock,
  );
  const revocations = new RevocationView(
    {
      since: (sequence, waitMs, signal) =>
        wait(waitMs, { sequence: Math.max(sequence, 1), revocations: [] }, { signal }),
    },
    clock,
  );
  keys.start(stop.signal);
  revocations.start(stop.signal);
  while (!keys.has(kid) || !revocations.isTrustworthy()) await wait(5);

  const key = createPublicKey({ key: { kty: 'EC', crv: 'P-256', x, y }, format: 'jwk' });
  const issue = (): string => {
    const now = Math.floor(Date.now() / 1_000);
    const claims = {
      ...{ iss: ISSUER, aud: ACCESS_TOKEN_AUDIENCE, sub: randomUUID(), sid: randomUUID(), tid: randomUUID() },
      ...{
        roles: ['member'],
        scope: 'starter:notes:read starter:notes:write',
        plan: 'free',
        ent: 'digest',
        amr: ['pwd'],
      },
      ...{ auth_time: now, rev: 1, iat: now, exp: now + 900, jti: randomUUID() },
    };
    return jwt.sign(claims, privateKey, { algorithm: 'ES256', header: { alg: 'ES256', typ: ACCESS_TOKEN_TYPE, kid } });
  };
  const measured: { readonly uncachedUs: number; readonly bareUs: number; readonly cachedUs: number }[] = [];
  for (let round = 0; round < rounds; round++) {
    const gateway = accessTokens(keys, revocations, Date.now);
    const tokens = Array.from({ length: Math.ceil(TOKENS / rounds / BLOCK) * BLOCK }, issue);
    let [uncachedMs, bareMs] = [0, 0];
    for (let first = 0; first < tokens.length; first += BLOCK) {
      const block = tokens.slice(first, first + BLOCK);
      const begin = performance.now();
      for (const token of block) await gateway.verify(`Bearer ${token}`);
      const middle = performance.now();
      for (const token of block) jwt.verify(token, key, { algorithms: ['ES256'] });
      uncachedMs += middle - begin;
      bareMs += performance.now() - middle;
    }
    const known = `Bearer ${tokens.at(-1)!}`;
    const begin = performance.now();
    for (let call = 0; call < CACHED; call++) await gateway.verify(known);
    const cachedMs = performance.now() - begin;
    const each = (ms: number): number => (ms * 1_000) / tokens.length;
    measured.push({ uncachedUs: each(uncachedMs), bareUs: each(bareMs), cachedUs: (cachedMs * 1_000) / CACHED });
  }
  stop.abort();
  const uncachedUs = median(measured.map((round) => round.uncachedUs));
  const bareUs = median(measured.map((round) => round.bareUs));
  return {
    cachedUs: median(measured.map((round) => round.cachedUs)),
    uncachedUs,
    bareUs,
    ratio: median(measured.map((round) => round.uncachedUs / round.bareUs)),
  };
}
