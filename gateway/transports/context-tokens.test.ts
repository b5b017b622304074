import { createPublicKey, randomUUID } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import {
  CONTEXT_TOKEN_ISSUER,
  CONTEXT_TOKEN_TYPE,
  contextFromClaims,
  contextTokenClaims,
  type RequestContext,
  type SessionId,
  type TenantId,
  type UserId,
} from '@inevitable/contract';
import fc from 'fast-check';
import jwt from 'jsonwebtoken';
import { anyIdentity } from '../test-support/any-identity.js';
import { contextFor } from '../test-support/test-subgraphs.js';
import { createContextTokens } from './context-tokens.js';

const T1 = randomUUID() as TenantId;
const U1 = randomUUID() as UserId;
const S1 = randomUUID() as SessionId;

const verify = (tokens: ReturnType<typeof createContextTokens>, token: string, subgraph: string, now: number) =>
  contextTokenClaims.parse(
    jwt.verify(token, createPublicKey({ key: { ...tokens.publicKey }, format: 'jwk' }), {
      algorithms: ['ES256'],
      issuer: CONTEXT_TOKEN_ISSUER,
      audience: subgraph,
      clockTimestamp: now / 1_000,
    }),
  );

describe('A context token', () => {
  it('says who calls, to one subgraph, for one minute, signed as the contract wants it', () => {
    const now = 1_700_000_000_123;
    const tokens = createContextTokens(() => now);
    const context = contextFor({
      caller: { kind: 'member', userId: U1 },
      tenant: { id: T1, plan: 'free', entitlementsDigest: 'd' },
      sessionId: S1,
      roles: ['owner'],
      may: new Set(['a:b']),
    });
    const token = tokens.tokenFor(context, 'notes');
    expect(jwt.decode(token, { complete: true })?.header).toEqual({
      alg: 'ES256',
      typ: CONTEXT_TOKEN_TYPE,
      kid: tokens.publicKey.kid,
    });
    expect(verify(tokens, token, 'notes', now)).toMatchObject({
      aud: 'notes',
      sub: U1,
      tid: T1,
      sid: S1,
      scope: 'a:b',
      iat: 1_700_000_000,
      exp: 1_700_000_060,
    });
    expect(() => verify(tokens, token, 'billing', now)).toThrow('audience');
  });

  it('never speaks for another tenant, session, role, permission, plan, actor or subgraph than its own', () => {
    const now = 1_700_000_000_000;
    const tokens = createContextTokens(() => now);
    fc.assert(
      fc.property(
        fc.array(fc.tuple(anyIdentity, fc.constantFrom('notes', 'billing')), { minLength: 2, maxLength: 30 }),
        (asked) => {
          for (const [identity, subgraph] of asked) {
            const context: RequestContext = contextFor(identity);
            const said = contextFromClaims(verify(tokens, tokens.tokenFor(context, subgraph), subgraph, now), context);
            expect(said).toEqual(context);
          }
        },
      ),
      { numRuns: 50 },
    );
  });

  it('is made once for an identity and a subgraph, and anew before it gets too old to travel', () => {
    let now = 1_700_000_000_000;
    const tokens = createContextTokens(() => now);
    const first = tokens.tokenFor(contextFor(), 'notes');
    now += 39_999;
    expect(tokens.tokenFor(contextFor({ requestId: 'another' }), 'notes')).toBe(first);
    now += 1;
    const second = tokens.tokenFor(contextFor(), 'notes');
    expect(second).not.toBe(first);
    expect(verify(tokens, second, 'notes', now).exp * 1_000 - now).toBe(60_000);
  });

  it('of another process has another key and another key id', () => {
    expect(createContextTokens().publicKey.kid).not.toBe(createContextTokens().publicKey.kid);
  });
});
