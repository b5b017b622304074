import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { AccessTokenClaims, Feature, TenantId } from '@inevitable/contract';
import jwt from 'jsonwebtoken';
import { pino } from 'pino';
import { openIdentity } from '../open-identity.js';
import { DEMO_PASSWORD, openTestIdentity, type TestIdentity } from '../testing/open-test-identity.js';
import { takeOverFeatures, type DeclaredFeatures } from './take-over-features.js';

const metered = (limit: number): Feature => ({ kind: 'metered', limit, per: 'month' });
const declared: DeclaredFeatures = {
  'forge.platforms': { free: metered(10), pro: metered(200), enterprise: metered(10_000) },
};

let test: TestIdentity;
let acme: TenantId;
let globex: TenantId;
beforeAll(async () => {
  test = await openTestIdentity();
  [acme, globex] = [await test.tenantId('acme'), await test.tenantId('globex')];
});
afterAll(() => test.close());
afterEach(() => test.rows(`delete from plan_features where feature like 'forge.%'`));

/** Starts identity as a product's first deployment does; answers what it warned of. */
async function start(features: DeclaredFeatures): Promise<string[]> {
  const said: string[] = [];
  const log = pino({ level: 'warn' }, { write: (line) => void said.push((JSON.parse(line) as { msg: string }).msg) });
  const identity = await openIdentity({ ...test.settings, features, log });
  await identity.close();
  return said;
}

const featureOf = async (tenantId: TenantId) =>
  (await test.identity.ports.entitlements.describe(tenantId)).features['forge.platforms'];
const plans = () =>
  test.rows(`select plan, feature, definition from plan_features where feature like 'forge.%' order by feature, plan`);

async function signIn(username: string) {
  const { status, body } = await test.post('/auth/login', { username, password: DEMO_PASSWORD });
  expect(status).toBe(200);
  return body;
}
const claimsOf = (token: string) => jwt.decode(token) as AccessTokenClaims;
/** What a gateway hears that has read the feed up to `sequence`. */
const heardSince = async (sequence: number) =>
  (await test.identity.ports.revocations.since(sequence, 0, new AbortController().signal)).revocations;
const position = async () => (await test.identity.ports.revocations.since(0, 0, new AbortController().signal)).sequence;

describe("A product's features", () => {
  it('are in the plans once identity has started with them', async () => {
    expect(await featureOf(acme)).toBeUndefined();
    expect(await start(declared)).toEqual([]);
    expect(await featureOf(acme)).toEqual(metered(200));
    expect(await featureOf(globex)).toEqual(metered(10));
    const request = { tenantId: globex, feature: 'forge.platforms', amount: 11, idempotencyKey: 'too many' };
    expect(await test.identity.ports.entitlements.reserve(request)).toMatchObject({ kind: 'exceeded', limit: 10 });
  });

  it('stay what operators made of them, at every later start', async () => {
    await start(declared);
    await test.rows(`update plan_features set definition = $1 where plan = 'pro' and feature = 'forge.platforms'`, [
      metered(7),
    ]);
    await start({ ...declared, 'forge.templates': { pro: { kind: 'boolean', enabled: true } } });
    expect(await featureOf(acme)).toEqual(metered(7));
    expect(await plans()).toHaveLength(4);
  });

  it('of a plan that does not exist are left out, with a warning that names it', async () => {
    expect(
      await start({ 'forge.platforms': { gold: metered(1), pro: metered(200), constructor: metered(2) } }),
    ).toEqual([
      'There is no plan "gold": what it includes of "forge.platforms" is ignored.',
      'There is no plan "constructor": what it includes of "forge.platforms" is ignored.',
    ]);
    expect(await plans()).toEqual([{ plan: 'pro', feature: 'forge.platforms', definition: metered(200) }]);
  });

  it('are taken over once by many starts at once, in whatever order they name them', async () => {
    const names = ['forge.c', 'forge.a', 'forge.b'];
    const many = (order: readonly string[]): DeclaredFeatures =>
      Object.fromEntries(order.map((name) => [name, { pro: metered(1), free: metered(2), enterprise: metered(3) }]));
    const before = await position();
    await signIn('ada');
    await Promise.all(
      Array.from({ length: 8 }, (_, n) =>
        takeOverFeatures(test.flows.db, many(n % 2 ? names : [...names].reverse()), test.flows.log),
      ),
    );
    expect(await plans()).toHaveLength(9);
    const heard = (await heardSince(before)).filter(({ id }) => id === acme);
    expect(heard).toEqual([{ sequence: expect.any(Number), subject: 'entitlements', id: acme }]);
  });

  it('are not there at all where one of them cannot be', async () => {
    const bad = { 'forge.a': { pro: metered(1) }, 'forge.b': { pro: metered(-1) } };
    await expect(start(bad)).rejects.toThrow('plan_features');
    expect(await plans()).toEqual([]);
  });
});

describe('A token of before a product came', () => {
  it('ends with it, and the next one states what the tenant may use now', async () => {
    const { accessToken, refreshToken } = await signIn('ada');
    const old = claimsOf(accessToken);
    const before = await position();
    expect(old.ent).toBe((await test.identity.ports.entitlements.describe(acme)).digest);

    await start(declared);
    const heard = await heardSince(before);
    const ended = heard.find(({ subject, id }) => subject === 'entitlements' && id === acme)!;
    expect(ended.sequence).toBeGreaterThan(old.rev);

    const { body } = await test.post('/auth/refresh', { refreshToken });
    const renewed = claimsOf(body.accessToken);
    expect(renewed.rev).toBeGreaterThanOrEqual(ended.sequence);
    expect(renewed.ent).toBe((await test.identity.ports.entitlements.describe(acme)).digest);
    expect(renewed.ent).not.toBe(old.ent);
  });

  it('ends as well where it comes while identity runs, and the next one has its permissions', async () => {
    const { accessToken, refreshToken } = await signIn('ada');
    const before = await position();
    const { permissions } = test.settings;
    await test.identity.redeclare({
      permissions: [...permissions, 'forge:platforms:write'],
      features: declared,
      products: [],
    });
    expect(await heardSince(before)).toContainEqual({
      sequence: expect.any(Number),
      subject: 'entitlements',
      id: acme,
    });
    const renewed = claimsOf((await test.post('/auth/refresh', { refreshToken })).body.accessToken);
    expect(renewed.scope.split(' ')).toEqual(
      [...claimsOf(accessToken).scope.split(' '), 'forge:platforms:write'].sort(),
    );

    const bad = { 'forge.a': { pro: metered(-1) } };
    await expect(test.identity.redeclare({ permissions: [], features: bad, products: [] })).rejects.toThrow(
      'plan_features',
    );
    await test.identity.redeclare({ permissions, features: {}, products: [] });
    expect(claimsOf((await signIn('ada')).accessToken).scope).toBe(claimsOf(accessToken).scope);
  });

  it('goes on where the plan of its tenant got nothing, and at starts that bring nothing new', async () => {
    await signIn('gus');
    const before = await position();
    await start({ 'forge.platforms': { pro: metered(200) } });
    expect((await heardSince(before)).map(({ id }) => id)).not.toContain(globex);
    const after = await position();
    await start({ 'forge.platforms': { pro: metered(300) } });
    await start({});
    expect(await heardSince(after)).toEqual([]);
  });

  it('is not looked for where a tenant has no session', async () => {
    await test.rows('update sessions set ended_at = stack_now() where ended_at is null');
    const before = await position();
    await start(declared);
    expect(await heardSince(before)).toEqual([]);
  });
});
