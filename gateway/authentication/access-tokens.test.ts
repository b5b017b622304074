import { createHmac, randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  anonymousContext,
  CallerError,
  SubgraphUnreachable,
  toErrorBody,
  Unauthenticated,
  type CredentialFlaw,
  type RevocationSubject,
} from '@inevitable/contract';
import fc from 'fast-check';
import jwt from 'jsonwebtoken';
import { pino } from 'pino';
import { ADA, newSigningKey, TestIdentity, type TokenWish } from '../test-support/test-identity.js';
import { contextFor } from '../test-support/test-subgraphs.js';
import { accessTokens, type AccessTokens } from './access-tokens.js';
import { apiKeys } from './api-keys.js';
import { authenticateCaller } from './authenticate-caller.js';
import { credentials, type Credentials } from './credentials.js';
import { RevocationView } from './revocation-view.js';
import { VerificationKeys } from './verification-keys.js';

const log = pino({ level: 'silent' });
let identity: TestIdentity;
let offsetMs: number;
let stop: AbortController;
let tokens: AccessTokens;
let callers: Credentials;
let revocations: RevocationView;

const now = () => Date.now() + offsetMs;
const settled = async (condition: () => boolean) => {
  while (!condition()) await new Promise(setImmediate);
};

beforeEach(async () => {
  identity = new TestIdentity();
  offsetMs = 0;
  stop = new AbortController();
  const keys = new VerificationKeys(identity.ports.verification, { log, now });
  revocations = new RevocationView(identity.ports.revocations, { log, now });
  tokens = accessTokens(keys, revocations, now);
  callers = credentials(tokens, apiKeys(identity.ports.apiKeys, revocations, { deployment: 'internal', now }));
  keys.start(stop.signal);
  revocations.start(stop.signal);
  await settled(() => revocations.isTrustworthy() && keys.issuer !== null);
});
afterEach(() => stop.abort());

const verify = (wish?: TokenWish) => tokens.verify(`Bearer ${identity.accessToken(wish)}`);
const refused = async (authorization: string) =>
  expect(tokens.verify(authorization)).rejects.toBeInstanceOf(Unauthenticated);
const b64 = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

describe('An access token', () => {
  it('holds while it is what identity signed for the gateway', async () => {
    expect(await verify()).toMatchObject({ ...ADA, roles: ['member'] });
    expect(await tokens.verify(`bEARER   ${identity.accessToken()}`)).toMatchObject(ADA);
  });

  it.each<[string, TokenWish]>([
    ['another issuer', { claims: { iss: 'http://identity.test/' } }],
    ['another audience', { claims: { aud: 'notes' } }],
    ['several audiences', { claims: { aud: ['inevitable-gateway', 'notes'] } }],
    ['another type', { header: { typ: 'JWT' } }],
    ['the type of a context token', { header: { typ: 'ctx+jwt' } }],
    ['no type', { header: { typ: undefined } }],
    ['an extension declared critical', { header: { crit: ['b64'] } }],
    ['an unknown key id', { header: { kid: 'nobody' } }],
    ['an empty key id', { header: { kid: '' } }],
    ['a tenant that is no id', { claims: { tid: 'acme' } }],
    ['no tenant', { claims: { tid: undefined } }],
    ['a position that is no number', { claims: { rev: '0' } }],
    ['roles that are no list', { claims: { roles: 'owner' } }],
    ['a lifetime that has not begun', { claims: { nbf: Math.floor(Date.now() / 1_000) + 3_600 } }],
    ['a lifetime that is over', { claims: { exp: Math.floor(Date.now() / 1_000) - 31 } }],
    ["somebody else's signature under a known key id", {}],
  ])('does not hold with %s', async (what, wish) => {
    const stranger = newSigningKey(identity.keys[0]!.kid);
    await refused(`Bearer ${identity.accessToken(what.startsWith('somebody') ? { key: stranger } : wish)}`);
  });

  it('that does not hold is one answer, and an operator is told why', async () => {
    const expired = { claims: { exp: Math.floor(Date.now() / 1_000) - 31 } };
    const wishes: [CredentialFlaw, string][] = [
      ['malformed', 'Bearer a.b'],
      ['malformed', `Bearer ${identity.accessToken({ header: { typ: 'JWT' } })}`],
      ['unknown-key', `Bearer ${identity.accessToken({ header: { kid: 'nobody' } })}`],
      ['not-genuine', `Bearer ${identity.accessToken({ claims: { aud: 'notes' } })}`],
      ['not-genuine', `Bearer ${identity.accessToken({ ...expired, key: newSigningKey(identity.keys[0]!.kid) })}`],
      ['expired', `Bearer ${identity.accessToken(expired)}`],
    ];
    for (const [flaw, authorization] of wishes) {
      const error = await Promise.resolve(tokens.verify(authorization)).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ flaw });
      expect(toErrorBody(error)).toEqual({
        message: 'The access token is not valid. Sign in again.',
        extensions: { code: 'UNAUTHENTICATED' },
      });
    }
  });

  it('does not hold without a signature, or signed with the public key as a secret', async () => {
    const [head, payload, signature] = identity.accessToken().split('.') as [string, string, string];
    const header = JSON.parse(Buffer.from(head, 'base64url').toString()) as object;
    await refused(`Bearer ${b64({ ...header, alg: 'none' })}.${payload}.${signature}`);
    await refused(`Bearer ${b64({ ...header, alg: 'none' })}.${payload}.`);
    const hs = `${b64({ ...header, alg: 'HS256' })}.${payload}`;
    await refused(
      `Bearer ${hs}.${createHmac('sha256', JSON.stringify(identity.keys[0]!.jwk)).update(hs).digest('base64url')}`,
    );
    const elevated = b64({ ...(jwt.decode(`${head}.${payload}.${signature}`) as object), roles: ['owner'] });
    await refused(`Bearer ${head}.${elevated}.${signature}`);
  });

  it('ends with its lifetime and 30 seconds for clocks that differ, also when it was verified before', async () => {
    const token = `Bearer ${identity.accessToken({ claims: { exp: Math.floor(Date.now() / 1_000) + 10 } })}`;
    await tokens.verify(token);
    offsetMs = 25_000;
    expect(await tokens.verify(token)).toMatchObject(ADA);
    offsetMs = 41_000;
    await refused(token);
  });

  it.each<[RevocationSubject, string]>([
    ['session', ADA.sid],
    ['user', ADA.sub],
    ['membership', `${ADA.tid}/${ADA.sub}`],
    ['entitlements', ADA.tid],
  ])('ends when its %s is revoked, and only if it was issued before', async (subject, id) => {
    const before = identity.accessToken();
    await tokens.verify(`Bearer ${before}`); // cached: the cache must not save it
    const other = identity.accessToken({ claims: { sub: randomUUID(), sid: randomUUID(), tid: randomUUID() } });
    identity.revoke(subject, id);
    const claims = jwt.decode(before) as Parameters<RevocationView['isRevoked']>[0];
    await settled(() => revocations.isRevoked(claims));
    await refused(`Bearer ${before}`);
    expect(await verify()).toMatchObject({ rev: 1 });
    expect(await tokens.verify(`Bearer ${other}`)).toMatchObject({ rev: 0 });
  });

  it("ends with its tenant's suspension in words of its own, unless it would have ended without it", async () => {
    const token = identity.accessToken();
    const claims = jwt.decode(token) as Parameters<RevocationView['isRevoked']>[0];
    identity.revoke('tenant', ADA.tid);
    await settled(() => revocations.isRevoked(claims));
    await expect(tokens.verify(`Bearer ${token}`)).rejects.toMatchObject({ code: 'TENANT_SUSPENDED' });
    expect(await verify()).toMatchObject({ rev: 1 }); // of a sign-in after the suspension
    identity.revoke('session', ADA.sid);
    await settled(() => !revocations.isTenantSuspended(claims));
    await refused(`Bearer ${token}`);
  });

  it('ends with the signing key that was withdrawn, whatever it says of when it was issued', async () => {
    const [key] = identity.keys;
    const successor = newSigningKey();
    identity.keys.push(successor);
    offsetMs = 5_000;
    const heldBefore = identity.accessToken();
    expect(await tokens.verify(`Bearer ${heldBefore}`)).toMatchObject(ADA);
    expect(await verify({ key: successor })).toMatchObject(ADA);
    const kept = await tokens.keep(`Bearer ${heldBefore}`);
    identity.revoke('signingKey', key!.kid); // and still published: the gateway's keys are those of a minute ago
    await settled(() => revocations.isWithdrawn(key!.kid));
    await refused(`Bearer ${heldBefore}`);
    await refused(`Bearer ${identity.accessToken({ claims: { rev: 1_000_000 } })}`);
    expect(() => kept.claims()).toThrow(Unauthenticated);
    expect(await verify({ key: successor })).toMatchObject(ADA);
  });

  it('cannot be judged once the revocation feed was silent for 30 seconds', async () => {
    const token = `Bearer ${identity.accessToken()}`;
    await tokens.verify(token);
    identity.takeDown('identity is gone');
    offsetMs = 29_000;
    await settled(() => revocations.health().reason?.includes('identity is gone') ?? false);
    expect(await tokens.verify(token)).toMatchObject(ADA);
    offsetMs = 31_000;
    await expect(tokens.verify(token)).rejects.toBeInstanceOf(SubgraphUnreachable);
  });
});

describe('An Authorization header', () => {
  const rest = () => anonymousContext(contextFor());

  it('may be absent: the caller is nobody', async () => {
    expect(await authenticateCaller(['accept', '*/*'], rest(), callers)).toMatchObject({
      caller: { kind: 'anonymous' },
      tenant: null,
    });
  });

  it('may be there once', async () => {
    const value = `Bearer ${identity.accessToken()}`;
    expect(await authenticateCaller(['AUTHORIZATION', value], rest(), callers)).toMatchObject({
      caller: { kind: 'member', userId: ADA.sub },
    });
    expect(() => authenticateCaller(['Authorization', value, 'authorization', value], rest(), callers)).toThrow(
      Unauthenticated,
    );
  });

  it('that is malformed is the caller’s mistake and never ours', async () => {
    const [head, payload, signature] = identity.accessToken().split('.') as [string, string, string];
    const part = fc.oneof(
      fc.constantFrom(head, payload, signature, '', '.', '{}', b64({}), b64([] as object)),
      fc.base64String(),
      fc.string(),
      fc.json().map((json) => Buffer.from(json).toString('base64url')),
    );
    const header = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc
        .tuple(fc.constantFrom('Bearer ', 'bearer', 'Basic ', 'Bearer  ', ''), fc.array(part, { maxLength: 5 }))
        .map(([scheme, parts]) => scheme + parts.join('.')),
      fc.integer({ min: 0, max: 60_000 }).map((length) => `Bearer ${'a'.repeat(length)}.b.c`),
    );
    await fc.assert(
      fc.asyncProperty(header, async (value) => {
        fc.pre(value !== `Bearer ${head}.${payload}.${signature}`);
        await expect(authenticateCaller(['authorization', value], rest(), callers)).rejects.toBeInstanceOf(CallerError);
      }),
      { numRuns: 500 },
    );
  });
});
