import { createPublicKey } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import jwt from 'jsonwebtoken';
import { openIdentity, type Identity } from '../open-identity.js';
import { openTestIdentity, type TestIdentity } from '../testing/open-test-identity.js';

let test: TestIdentity;
/** A process beside the other one, on the same database: what one does the other goes by. */
let other: Identity;
beforeAll(async () => {
  test = await openTestIdentity();
  other = await openIdentity(test.settings);
});
afterAll(async () => {
  await other.close();
  await test.close();
});
beforeEach(async () => {
  await test.rows('truncate signing_keys');
  await (await openIdentity(test.settings)).close();
});

const keyOf = async (identity: Identity) =>
  jwt.decode(await identity.issueAccessToken({ login: 'ada' }), { complete: true })!.header.kid;
const published = async () => (await test.get('/.well-known/jwks.json')).keys.map(({ kid }) => kid);
/** The state of each, the oldest first. */
const states = async () => (await test.identity.signingKeys.list()).map(({ kid, state }) => [kid, state]);
const latestAudit = async () => (await test.audit(null)).at(-1);
const feed = async () => (await test.identity.ports.revocations.since(0, 0, new AbortController().signal)).revocations;

/** Once the next key is old enough to sign. */
async function rotate(identity = test.identity): Promise<void> {
  await test.advance('5 minutes');
  expect(await identity.signingKeys.rotate()).toMatchObject({ kind: 'rotated' });
}

describe('A rotation of the signing keys', () => {
  it('lets the next key sign, in every process at once, and keeps the one before published', async () => {
    const [[first], [second]] = (await states()) as [[string], [string]];
    expect([await keyOf(test.identity), await keyOf(other)]).toEqual([first, first]);
    await rotate();
    const third = (await published())[2]!;
    expect(await states()).toEqual([
      [first, 'retired'],
      [second, 'current'],
      [third, 'next'],
    ]);
    expect([await keyOf(test.identity), await keyOf(other)]).toEqual([second, second]);
    expect(await published()).toEqual([first, second, third]);
    expect(await latestAudit()).toMatchObject({
      action: 'identity.rotate-signing-keys',
      outcome: 'success',
      actor: { kind: 'operator' },
      subject: { type: 'signingKey', id: second },
      details: { retired: first },
    });
  });

  it('leaves every token as it is', async () => {
    const token = await test.identity.issueAccessToken({ login: 'ada' });
    await rotate();
    const { keys } = await test.identity.ports.verification.settings();
    const { kid } = jwt.decode(token, { complete: true })!.header;
    const key = createPublicKey({ key: { ...keys.find((published) => published.kid === kid)! }, format: 'jwk' });
    expect(jwt.verify(token, key, { algorithms: ['ES256'] })).toMatchObject({ iss: test.identity.issuer });
  });

  it('is refused while a gateway may not know the next key', async () => {
    const before = await states();
    await test.advance('4 minutes');
    expect(await test.identity.signingKeys.rotate()).toEqual({
      kind: 'tooEarly',
      next: before[1]![0],
      publishedAt: expect.any(Date),
    });
    expect(await states()).toEqual(before);
    expect(await latestAudit()).toMatchObject({
      action: 'identity.rotate-signing-keys',
      outcome: 'refused',
      reason: 'the next key is too young',
    });
  });

  it('happens once when two are made at the same time', async () => {
    await test.advance('5 minutes');
    const outcomes = await Promise.all([test.identity, other].map(({ signingKeys }) => signingKeys.rotate()));
    expect(outcomes.map(({ kind }) => kind).sort()).toEqual(['rotated', 'tooEarly']);
    expect((await states()).map(([, state]) => state)).toEqual(['retired', 'current', 'next']);
  });

  it('leaves a retired key published for an hour, long past its last token', async () => {
    const [first] = await published();
    await rotate();
    await test.advance('59 minutes');
    expect(await published()).toContain(first);
    await test.advance('1 minute');
    expect(await published()).not.toContain(first);
  });
});

describe('The daily look after the signing keys', () => {
  it('rotates them when the current one has signed for 30 days, and then not for another 30', async () => {
    const look = () => test.identity.maintenance.keepSigningKeys();
    await test.advance('29 days 23 hours');
    expect(await look()).toEqual({ rotated: false, removed: 0 });
    await test.advance('1 hour');
    expect(await look()).toEqual({ rotated: true, removed: 0 });
    await test.advance('29 days 23 hours');
    expect(await look()).toEqual({ rotated: false, removed: 1 });
    await test.advance('1 hour');
    expect(await look()).toEqual({ rotated: true, removed: 0 });
  });

  it('removes a retired key with its private half an hour after it signed last, and none before', async () => {
    const [first] = await published();
    const look = () => test.identity.maintenance.keepSigningKeys();
    const isStored = async () => (await test.rows('select from signing_keys where kid = $1', [first])).length === 1;
    await rotate();
    await test.advance('59 minutes');
    expect([await look(), await isStored()]).toEqual([{ rotated: false, removed: 0 }, true]);
    await test.advance('1 minute');
    expect([await look(), await isStored()]).toEqual([{ rotated: false, removed: 1 }, false]);
  });
});

describe('A signing key that leaked', () => {
  it('is published no more once it is revoked, and the next one signs in its place, however young', async () => {
    const [[leaked], [next]] = (await states()) as [[string], [string]];
    expect(await keyOf(other)).toBe(leaked);
    expect(await test.identity.signingKeys.revoke(leaked)).toEqual({
      kind: 'revoked',
      state: 'current',
      current: next,
    });
    expect((await states()).map(([, state]) => state)).toEqual(['current', 'next']);
    expect(await published()).not.toContain(leaked);
    expect([await keyOf(test.identity), await keyOf(other)]).toEqual([next, next]);
    expect(await test.rows('select from signing_keys where kid = $1', [leaked])).toEqual([]);
    expect(await latestAudit()).toMatchObject({
      action: 'identity.revoke-signing-key',
      outcome: 'success',
      actor: { kind: 'operator' },
      subject: { type: 'signingKey', id: leaked },
      details: { state: 'current', current: next },
    });
  });

  it('that is the next one, or a retired one, takes nothing from the current one', async () => {
    await rotate();
    const [[retired], [current], [next]] = (await states()) as [[string], [string], [string]];
    expect(await test.identity.signingKeys.revoke(next)).toEqual({ kind: 'revoked', state: 'next', current });
    expect(await test.identity.signingKeys.revoke(retired)).toEqual({ kind: 'revoked', state: 'retired', current });
    expect(await states()).toEqual([
      [current, 'current'],
      [expect.any(String), 'next'],
    ]);
    expect(await published()).not.toContain(next);
  });

  it('is told to every gateway for ever, also to one that starts a year later', async () => {
    const leaked = (await published())[0]!;
    await test.identity.signingKeys.revoke(leaked);
    await test.advance('365 days');
    await test.identity.maintenance.removeExpired();
    await test.identity.signingKeys.revoke((await published())[0]!); // an entry makes the feed forget what is old
    expect(await feed()).toContainEqual({ sequence: expect.any(Number), subject: 'signingKey', id: leaked });
  });

  it('has to be one of ours', async () => {
    const before = await states();
    for (const kid of ['nobody', '', "' or '1'='1"])
      expect(await test.identity.signingKeys.revoke(kid)).toEqual({ kind: 'unknown' });
    expect(await states()).toEqual(before);
    expect(await latestAudit()).toMatchObject({
      action: 'identity.revoke-signing-key',
      outcome: 'refused',
      reason: 'no such key',
    });
  });
});

describe('The signing keys of a database that had only one', () => {
  it('get a next one when identity starts, and no secret but theirs may make it', async () => {
    await test.rows(`delete from signing_keys where state = 'next'`);
    const [[current]] = (await states()) as [[string]];
    await expect(openIdentity({ ...test.settings, encryptionSecret: 'x'.repeat(32) })).rejects.toThrow(
      `Signing key "${current}" was encrypted with another secret.`,
    );
    expect(await states()).toEqual([[current, 'current']]);
    await (await openIdentity(test.settings)).close();
    expect(await states()).toEqual([
      [current, 'current'],
      [expect.any(String), 'next'],
    ]);
  });
});
