import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { identityClient, Unauthenticated } from '@inevitable/contract';
import { pino } from 'pino';
import { accessTokens, type AccessTokens } from '../../gateway/authentication/access-tokens.js';
import { RevocationView } from '../../gateway/authentication/revocation-view.js';
import { VerificationKeys } from '../../gateway/authentication/verification-keys.js';
import { openIdentity, type Identity } from '../../identity/service/open-identity.js';
import { openTestIdentity, type TestIdentity } from '../../identity/service/testing/open-test-identity.js';
import { serveInternalApi, type ServedInternalApi } from '../../identity/service/testing/serve-internal-api.js';

// Identity as it is, and what a gateway in another process verifies tokens with.

const VERIFICATIONS = 10_000;
const ROTATIONS = 3;
const TOKENS = 120;

let test: TestIdentity;
/** What an operator's command opens beside the running one. */
let operator: Identity;
let served: ServedInternalApi;
let revocations: RevocationView;
let tokens: AccessTokens;
let stop: AbortController;
beforeAll(async () => {
  test = await openTestIdentity();
  operator = await openIdentity(test.settings);
  stop = new AbortController();
  const log = pino({ level: 'silent' });
  served = await serveInternalApi(test.identity);
  const ports = identityClient(served.url, test.gateway);
  const keys = new VerificationKeys(ports.verification, { log, now: Date.now });
  const onKeyWithdrawn = () => void keys.refresh();
  revocations = new RevocationView(ports.revocations, { log, now: Date.now, onKeyWithdrawn });
  tokens = accessTokens(keys, revocations, Date.now);
  keys.start(stop.signal);
  revocations.start(stop.signal);
  while (!revocations.isTrustworthy() || keys.issuer === null) await new Promise(setImmediate);
});
afterAll(async () => {
  stop.abort();
  await served.close();
  await operator.close();
  await test.close();
});

const kidOf = (token: string): string =>
  (JSON.parse(Buffer.from(token.split('.')[0]!, 'base64url').toString()) as { kid: string }).kid;
const currentKey = async () => (await operator.signingKeys.list()).find(({ state }) => state === 'current')!.kid;

describe('A gateway', () => {
  it('refuses no token of 10,000 while the keys are rotated three times under it', async () => {
    const issued: string[] = [];
    let verified = 0;
    const failures: unknown[] = [];
    const isOver = () => verified >= VERIFICATIONS;

    async function issue(): Promise<void> {
      while (issued.length < TOKENS && !isOver())
        issued.push(await test.identity.issueAccessToken({ login: issued.length % 2 ? 'ada' : 'gus' }));
    }
    async function rotate(): Promise<void> {
      for (let rotation = 1; rotation <= ROTATIONS; rotation++) {
        while (verified < (rotation * VERIFICATIONS) / (ROTATIONS + 1)) await new Promise(setImmediate);
        await test.advance('5 minutes');
        expect(await operator.signingKeys.rotate()).toMatchObject({ kind: 'rotated' });
      }
    }
    async function verify(): Promise<void> {
      while (issued.length === 0) await new Promise(setImmediate);
      for (; !isOver(); verified++) {
        // As far as there are tokens for: those of the last key come at the end.
        while (verified > (issued.length * VERIFICATIONS) / TOKENS) await new Promise(setImmediate);
        const token = issued[Math.floor(Math.random() * issued.length)]!;
        // Another number of spaces is not found in the cache: each token is verified anew, eight times.
        const spaces = ' '.repeat(1 + (verified % 8));
        await Promise.resolve(tokens.verify(`Bearer${spaces}${token}`)).catch((error) => failures.push(error));
      }
    }
    await Promise.all([issue(), rotate(), verify()]);
    expect(failures).toEqual([]);
    expect(new Set(issued.map(kidOf)).size).toBe(ROTATIONS + 1);
  });

  it('refuses every token of a key that is revoked, and believes those of the next at once', async () => {
    const issue = () => test.identity.issueAccessToken({ login: 'ada' });
    const before = await issue();
    const leaked = await currentKey();
    expect(await tokens.verify(`Bearer ${before}`)).toMatchObject({ roles: ['owner'] });
    expect(await operator.signingKeys.revoke(leaked)).toMatchObject({ kind: 'revoked', state: 'current' });
    const after = await issue();
    while (!revocations.isWithdrawn(leaked)) await new Promise(setImmediate);
    await expect(tokens.verify(`Bearer ${before}`)).rejects.toBeInstanceOf(Unauthenticated);
    expect(await tokens.verify(`Bearer ${after}`)).toMatchObject({ roles: ['owner'] });
    expect([kidOf(before), kidOf(after)]).toEqual([leaked, await currentKey()]);
  });
});
