import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  anonymousContext,
  apiKeySecretHash,
  newApiKeySecret,
  printApiKey,
  SubgraphUnreachable,
  Unauthenticated,
  type ApiKeyId,
  type DeploymentContext,
  type RevocationSubject,
  type TenantId,
  type UserId,
  type VerifiedApiKey,
} from '@inevitable/contract';
import { pino } from 'pino';
import { TestIdentity } from '../test-support/test-identity.js';
import { contextFor } from '../test-support/test-subgraphs.js';
import { accessTokens } from './access-tokens.js';
import { apiKeys } from './api-keys.js';
import { credentials, type Credentials } from './credentials.js';
import { RevocationView } from './revocation-view.js';
import { VerificationKeys } from './verification-keys.js';

const log = pino({ level: 'silent' });
const [ID, CREATOR, TENANT] = [randomUUID() as ApiKeyId, randomUUID() as UserId, randomUUID() as TenantId];
const SECRET = newApiKeySecret();
const printed = (deployment: DeploymentContext = 'internal', id: ApiKeyId = ID, secret = SECRET) =>
  `Bearer ${printApiKey({ deployment, id, secret })}`;
const KEY = printed();

let identity: TestIdentity;
let offsetMs: number;
/** How long the feed has been silent, to the view of it. */
let silentMs: number;
let stop: AbortController;
let revocations: RevocationView;
let callers: Credentials;
/** What identity says of the key, beside its feed position. */
let verified: Omit<VerifiedApiKey, 'rev'>;

const now = () => Date.now() + offsetMs;
const settled = async (condition: () => boolean) => {
  while (!condition()) await new Promise(setImmediate);
};

beforeEach(async () => {
  identity = new TestIdentity();
  offsetMs = silentMs = 0;
  stop = new AbortController();
  verified = {
    id: ID,
    tenantId: TENANT,
    plan: 'pro',
    entitlementsDigest: 'd1',
    creator: CREATOR,
    may: ['starter:notes:read'],
    expiresAt: new Date(Date.now() + 3_600_000).toISOString(),
    allowedIps: [],
  };
  identity.apiKeyVerdict = async ({ id, secretHash }) =>
    id === ID && secretHash === apiKeySecretHash(SECRET)
      ? { kind: 'holds', key: { ...verified, rev: identity.position } }
      : { kind: 'refused' };
  revocations = new RevocationView(identity.ports.revocations, { log, now: () => Date.now() + silentMs });
  const keys = new VerificationKeys(identity.ports.verification, { log, now });
  callers = credentials(
    accessTokens(keys, revocations, now),
    apiKeys(identity.ports.apiKeys, revocations, { deployment: 'internal', now }),
  );
  revocations.start(stop.signal);
  await settled(() => revocations.isTrustworthy());
});
afterEach(() => stop.abort());

const requestFrom = (address: string | null) => ({
  ...anonymousContext(contextFor()),
  client: { address, agent: null },
});
const use = async (authorization = KEY, address: string | null = '192.0.2.1') =>
  callers.contextOf(authorization, requestFrom(address));
const refused = (authorization = KEY, address: string | null = '192.0.2.1') =>
  expect(use(authorization, address)).rejects.toBeInstanceOf(Unauthenticated);
const asked = () => identity.apiKeysAsked.length;
const heard = async (subject: RevocationSubject, id: string) => {
  const before = { ...verified, rev: identity.position };
  identity.revoke(subject, id);
  await settled(() => revocations.isKeyRevoked(before));
};

describe('An API key', () => {
  it('is a caller of its tenant with what it may do, and identity is sent the hash of its secret alone', async () => {
    expect(await use()).toMatchObject({
      caller: { kind: 'apiKey', keyId: ID },
      tenant: { id: TENANT, plan: 'pro', entitlementsDigest: 'd1' },
      sessionId: null,
      roles: [],
      may: new Set(['starter:notes:read']),
    });
    expect(identity.apiKeysAsked).toEqual([{ id: ID, secretHash: apiKeySecretHash(SECRET), address: '192.0.2.1' }]);
    expect(JSON.stringify(identity.apiKeysAsked)).not.toContain(SECRET);
    expect((await use(KEY.replace('Bearer ', 'bEARER   '))).caller).toMatchObject({ kind: 'apiKey' });
  });

  it.each([
    ['with a wrong checksum', `${KEY.slice(0, -1)}${KEY.endsWith('0') ? '1' : '0'}`],
    ['with a changed secret', KEY.replace(SECRET, newApiKeySecret())],
    ['of another environment', printed('customer')],
    ['cut off', KEY.slice(0, -1)],
    ['with more behind it', `${KEY} `],
    ['that is only the beginning of one', 'Bearer ick_'],
  ])('%s is refused without asking identity', async (_what, authorization) => {
    await refused(authorization);
    expect(asked()).toBe(0);
  });

  it('is asked for once by a crowd that brings it at once, and again when a minute has passed', async () => {
    await Promise.all(Array.from({ length: 100 }, () => use()));
    await use();
    expect(asked()).toBe(1);
    offsetMs = 59_000;
    await use();
    expect(asked()).toBe(1);
    offsetMs = 61_000;
    verified = { ...verified, may: [] };
    expect((await use()).may).toEqual(new Set());
    expect(asked()).toBe(2);
  });

  it('that is known answers at once, as access tokens do', async () => {
    await use();
    expect(callers.contextOf(KEY, requestFrom(null))).not.toBeInstanceOf(Promise);
  });

  it.each<[RevocationSubject, string]>([
    ['apiKey', ID],
    ['user', CREATOR],
    ['tenant', TENANT],
    ['membership', `${TENANT}/${CREATOR}`],
    ['entitlements', TENANT],
  ])('is asked for anew when its %s has changed, and refused where identity refuses it then', async (subject, id) => {
    await use();
    verified = { ...verified, plan: 'free', may: [] };
    await heard(subject, id);
    expect(await use()).toMatchObject({ tenant: { plan: 'free' }, may: new Set() });
    identity.apiKeyVerdict = async () => ({ kind: 'refused' });
    await heard(subject, id);
    await refused();
    expect(asked()).toBe(3);
  });

  it('is not believed by an answer that was on its way while something was taken back', async () => {
    const answer = identity.apiKeyVerdict;
    const [old] = await Promise.all([answer({ id: ID, secretHash: apiKeySecretHash(SECRET), address: null })]);
    identity.apiKeyVerdict = async () => {
      identity.apiKeyVerdict = async () => ({ kind: 'refused' });
      await heard('membership', `${TENANT}/${CREATOR}`);
      return old;
    };
    await refused();
    expect(asked()).toBe(2);
  });

  it('ends when it expires, also when identity said that it holds', async () => {
    await use();
    offsetMs = 59_000;
    verified = { ...verified, expiresAt: new Date(now() - 1).toISOString() };
    await heard('apiKey', ID);
    await refused();
  });

  it('works from its allowed addresses alone, whoever presents it from elsewhere meanwhile', async () => {
    verified = { ...verified, allowedIps: ['192.0.2.0/24', '2001:db8::/32'] };
    const answer = identity.apiKeyVerdict;
    identity.apiKeyVerdict = async (presented) =>
      presented.address === '192.0.2.1' ? answer(presented) : { kind: 'refused' };
    await refused(KEY, '198.51.100.7');
    await use(KEY, '192.0.2.1');
    expect(await use(KEY, '2001:db8::1')).toMatchObject({ caller: { kind: 'apiKey' } });
    const before = asked();
    await refused(KEY, '198.51.100.7');
    await refused(KEY, null);
    await use(KEY, '192.0.2.200');
    expect(asked()).toBe(before + 1); // from nowhere in particular: identity audits it
  });

  it('that was refused is not asked for again for 10 seconds', async () => {
    identity.apiKeyVerdict = async () => ({ kind: 'refused' });
    await Promise.all([refused(), refused()]);
    offsetMs = 9_000;
    await refused();
    expect(asked()).toBe(1);
    offsetMs = 10_001;
    await refused();
    expect(asked()).toBe(2);
  });

  it('cannot be judged once the revocation feed was silent for 30 seconds, nor when identity does not answer', async () => {
    const known = await use();
    identity.takeDown('identity is gone');
    silentMs = 29_000;
    await settled(() => revocations.health().reason?.includes('identity is gone') ?? false);
    expect((await use()).caller).toEqual(known.caller);
    await expect(use(printed('internal', randomUUID() as ApiKeyId))).rejects.toBeInstanceOf(SubgraphUnreachable);
    silentMs = 31_000;
    await expect(use()).rejects.toBeInstanceOf(SubgraphUnreachable);
  });

  it('that is made up reaches identity 64 at once and no more, and locks out nobody who was there before', async () => {
    await use();
    const answer = identity.apiKeyVerdict;
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    identity.apiKeyVerdict = async (presented) => {
      if (presented.id !== ID) await held;
      return answer(presented);
    };
    const made = Array.from({ length: 200 }, () => use(printed('internal', randomUUID() as ApiKeyId)));
    const flood = Promise.allSettled(made);
    await settled(() => asked() >= 65);
    offsetMs = 61_000;
    expect(await use()).toMatchObject({ caller: { kind: 'apiKey' } });
    release();
    const reasons = (await flood).map((one) => (one.status === 'rejected' ? (one.reason as Error).name : 'holds'));
    expect(asked()).toBe(66);
    expect(reasons).not.toContain('holds');
    await use(printed('internal', ID));
  });
});

describe('A subscription that was opened with an API key', () => {
  const keep = () => callers.keep(KEY, requestFrom('192.0.2.1'));

  it('goes on for whoever the key is by then, and is asked for once a minute beside its events', async () => {
    const caller = await keep();
    expect(caller(requestFrom(null)).may).toEqual(new Set(['starter:notes:read']));
    verified = { ...verified, may: [] };
    offsetMs = 61_000;
    for (let event = 0; event < 10; event++) caller(requestFrom(null));
    await settled(() => caller(requestFrom(null)).may.size === 0);
    expect(asked()).toBe(2);
  });

  it('ends when the key is revoked, and when identity refuses it though nothing was heard', async () => {
    const [one, another] = [await keep(), await keep()];
    await heard('apiKey', ID);
    expect(() => one(requestFrom(null))).toThrow(Unauthenticated);
    const fresh = await keep();
    identity.apiKeyVerdict = async () => ({ kind: 'refused' });
    offsetMs = 61_000;
    fresh(requestFrom(null));
    await settled(() => asked() === 3);
    await new Promise(setImmediate);
    for (const caller of [another, fresh]) expect(() => caller(requestFrom(null))).toThrow(Unauthenticated);
  });

  it('cannot be judged once the revocation feed was silent for 30 seconds', async () => {
    const caller = await keep();
    identity.takeDown('identity is gone');
    silentMs = 29_000;
    await settled(() => revocations.health().reason?.includes('identity is gone') ?? false);
    expect(caller(requestFrom(null)).may).toEqual(new Set(['starter:notes:read']));
    silentMs = 31_000;
    expect(() => caller(requestFrom(null))).toThrow(SubgraphUnreachable);
  });
});
