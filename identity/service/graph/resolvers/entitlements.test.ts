import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { AccessTokenClaims, RequestContext, TenantId } from '@inevitable/contract';
import { newId } from '@inevitable/kit';
import jwt from 'jsonwebtoken';
import { anonymous, DEMO_PASSWORD, openTestIdentity, type TestIdentity } from '../../testing/open-test-identity.js';

const FEATURE = 'starter.notes';
const QUOTA = 10;

let test: TestIdentity;
let acme: TenantId;
let globex: TenantId;
let [root, ada, gus]: RequestContext[] = [];
beforeAll(async () => {
  test = await openTestIdentity();
  [acme, globex] = [await test.tenantId('acme'), await test.tenantId('globex')];
  // The 10th of a month: nothing that passes here crosses a reset.
  await test.rows(`update clock set ahead = date_trunc('month', now(), 'UTC') + interval '1 month 10 days' - now()`);
  [root, ada, gus] = [await test.as('root'), await test.as('ada'), await test.as('gus')];
  await override(acme, { quota: QUOTA, per: 'MONTH' });
});
afterAll(() => test.close());

const ENTITLEMENTS = `entitlements { plan features { name kind isOverridden isEnabled value quota per
  usage { used held limit } grants { nodes { amount used held priority source status } } } }`;
const OWN = `{ viewer { tenant { ${ENTITLEMENTS} } } }`;
const mutation = (name: string, input: string, answer: string) =>
  `mutation ($input: ${input}!) { ${name}(input: $input) { ${answer} } }`;
const MUTATIONS = {
  setFeatureOverride: mutation('setFeatureOverride', 'SetFeatureOverrideInput', ENTITLEMENTS),
  removeFeatureOverride: mutation('removeFeatureOverride', 'RemoveFeatureOverrideInput', ENTITLEMENTS),
  grantFeature: mutation('grantFeature', 'GrantFeatureInput', `grant { id status } ${ENTITLEMENTS}`),
  voidFeatureGrant: mutation('voidFeatureGrant', 'VoidFeatureGrantInput', `grant { id status } ${ENTITLEMENTS}`),
  changePlan: mutation('changePlan', 'ChangePlanInput', ENTITLEMENTS),
};

const send = (name: keyof typeof MUTATIONS, input: object, context = root!) =>
  test.ask(MUTATIONS[name], context, { input });
const override = (tenant: string, definition: object) =>
  send('setFeatureOverride', { tenant, feature: FEATURE, reason: 'asked for', ...definition });
const grant = async (tenant: string, more: object): Promise<string> =>
  (await send('grantFeature', { tenant, feature: FEATURE, source: 'invoice 7', ...more })).data.grantFeature.grant.id;

const featureOf = async (context: RequestContext, name = FEATURE) =>
  (await test.ask(OWN, context)).data.viewer.tenant.entitlements.features.find(
    (feature: { name: string }) => feature.name === name,
  );
const reserve = (tenantId: TenantId, amount: number) =>
  test.identity.ports.entitlements.reserve({ tenantId, feature: FEATURE, amount, idempotencyKey: newId() });
async function use(tenantId: TenantId, amount: number): Promise<void> {
  const outcome = await reserve(tenantId, amount);
  if (outcome.kind !== 'reserved') throw new Error(`${amount} cannot be reserved: ${outcome.kind}`);
  await test.identity.ports.entitlements.commit(tenantId, outcome.reservationId, amount);
}
const heardSince = async (sequence: number) =>
  (await test.identity.ports.revocations.since(sequence, 0, new AbortController().signal)).revocations;
const position = async () => (await test.identity.ports.revocations.since(0, 0, new AbortController().signal)).sequence;
const ended = (tenantId: TenantId) => ({ sequence: expect.any(Number), subject: 'entitlements', id: tenantId });

describe('What a tenant may use', () => {
  it('is shown to its members: the plan, overrides on top, what is used, and what was granted', async () => {
    await use(acme, 4);
    await grant('acme', { amount: 5, priority: 3 });
    const { data } = await test.ask(OWN, ada!);
    expect(data.viewer.tenant.entitlements).toEqual({
      plan: 'pro',
      features: [
        {
          ...{ name: 'identity.custom-roles', kind: 'BOOLEAN', isOverridden: false, isEnabled: true, value: null },
          ...{ quota: null, per: null, usage: null, grants: { nodes: [] } },
        },
        {
          ...{ name: FEATURE, kind: 'METERED', isOverridden: true, isEnabled: null, value: null },
          ...{ quota: QUOTA, per: 'MONTH', usage: { used: 4, held: 0, limit: QUOTA + 5 } },
          grants: { nodes: [{ amount: 5, used: 0, held: 0, priority: 3, source: 'invoice 7', status: 'OPEN' }] },
        },
        {
          ...{ name: 'support.response', kind: 'STATIC', isOverridden: false, isEnabled: null, value: { hours: 24 } },
          ...{ quota: null, per: null, usage: null, grants: { nodes: [] } },
        },
      ],
    });
    expect(await test.ask(`{ ${ENTITLEMENTS} }`, ada!)).toEqual({ data: data.viewer.tenant });
  });

  it('is nothing of another tenant: neither its overrides and grants nor its usage', async () => {
    const before = await test.ask(OWN, gus!);
    await override('acme', { quota: 20, per: 'MONTH' });
    await grant('acme', { amount: 3 });
    await use(acme, 2);
    expect(await test.ask(OWN, gus!)).toEqual(before);
    for (const tenant of [acme, 'acme', newId(), 'nobody'])
      expect(
        await test.ask(`query ($tenant: String) { entitlements(tenant: $tenant) { plan } }`, gus!, { tenant }),
      ).toEqual({
        data: { entitlements: null },
        errors: [expect.objectContaining({ extensions: { code: 'FORBIDDEN' } })],
      });
    expect(
      await test.ask(`query ($tenant: String) { entitlements(tenant: $tenant) { plan } }`, root!, { tenant: 'globex' }),
    ).toEqual({ data: { entitlements: { plan: 'free' } } });
    await override('acme', { quota: QUOTA, per: 'MONTH' });
  });

  it('is not shown without the permission, nor to nobody', async () => {
    const deprived = { ...ada!, may: new Set<string>() };
    expect(await test.ask('{ entitlements { plan } }', deprived)).toMatchObject({
      errors: [{ extensions: { code: 'FORBIDDEN' } }],
    });
    expect(await test.ask('{ entitlements { plan } }', anonymous)).toMatchObject({
      errors: [{ extensions: { code: 'UNAUTHENTICATED' } }],
    });
  });
});

describe('Only a platform administrator changes it:', () => {
  const attempts = (): [keyof typeof MUTATIONS, object][] => [
    ['setFeatureOverride', { tenant: acme, feature: FEATURE, quota: 1_000, per: 'MONTH', reason: 'greed' }],
    ['removeFeatureOverride', { tenant: acme, feature: FEATURE, reason: 'greed' }],
    ['grantFeature', { tenant: acme, feature: FEATURE, amount: 1_000, source: 'greed' }],
    ['voidFeatureGrant', { tenant: acme, id: newId(), reason: 'spite' }],
    ['changePlan', { tenant: acme, plan: 'enterprise' }],
  ];

  it('an owner is refused, and the attempt is in the audit of their tenant', async () => {
    const before = await test.ask(OWN, ada!);
    const recorded = (await test.audit(acme)).length;
    for (const [name, input] of attempts())
      expect(await send(name, input, ada!)).toEqual({
        data: { [name]: null },
        errors: [expect.objectContaining({ extensions: { code: 'FORBIDDEN' } })],
      });
    expect(await test.ask(OWN, ada!)).toEqual(before);
    const actor = { kind: 'user', id: await test.userId('ada') };
    expect((await test.audit(acme)).slice(recorded)).toMatchObject(
      ['set-feature-override', 'remove-feature-override', 'grant-feature', 'void-feature-grant', 'change-plan'].map(
        (action) => ({ action: `identity.${action}`, outcome: 'refused', reason: 'no platform administrator', actor }),
      ),
    );
  });

  it('a tenant that does not exist is not found', async () => {
    for (const [name, input] of attempts())
      expect(await send(name, { ...input, tenant: newId() })).toMatchObject({
        errors: [{ message: 'No such tenant.', extensions: { code: 'NOT_FOUND' } }],
      });
  });

  it("a grant of one tenant is voided in another's name as little as one that does not exist", async () => {
    const id = await grant('acme', { amount: 1 });
    const answers = [id, newId()].map((id) => send('voidFeatureGrant', { tenant: 'globex', id, reason: 'a mistake' }));
    expect(new Set((await Promise.all(answers)).map((answer) => JSON.stringify(answer))).size).toBe(1);
    expect(await answers[0]).toMatchObject({
      errors: [{ message: 'No such grant.', extensions: { code: 'NOT_FOUND' } }],
    });
    await send('voidFeatureGrant', { tenant: 'acme', id, reason: 'clean' });
  });

  it.each<[string, object, string]>([
    ['of another kind than the plans have', { isEnabled: true }, 'input'],
    ['of a quota without a period', { quota: 3 }, 'input'],
    ['of two kinds', { quota: 3, per: 'DAY', isEnabled: true }, 'input'],
    ['of half a note', { quota: 1.5, per: 'DAY' }, 'input.quota'],
    ['of less than nothing', { quota: -1, per: 'DAY' }, 'input.quota'],
    ['of a feature that no plan has', { feature: 'starter.typo', isEnabled: true }, 'input.feature'],
    ['that is over', { quota: 3, per: 'DAY', expiresAt: '2020-01-01T00:00:00Z' }, 'input.expiresAt'],
    ['that no database can hold', { feature: 'support.response', value: { text: '\0' } }, 'input.value'],
    ['of 10,003 characters', { feature: 'support.response', value: 'x'.repeat(10_001) }, 'input.value'],
  ])('an override %s is refused and named', async (_what, input, field) => {
    expect(await override('acme', input)).toMatchObject({
      errors: [{ extensions: { code: 'BAD_USER_INPUT', field } }],
    });
  });

  it.each<[object, string]>([
    [{ amount: 0 }, 'input.amount'],
    [{ amount: 1e15 }, 'input.amount'],
    [{ amount: 1, priority: -1 }, 'input.priority'],
    [{ amount: 1, feature: 'support.response' }, 'input.feature'],
    [{ amount: 1, expiresAt: '2020-01-01T00:00:00Z' }, 'input.expiresAt'],
  ])('a grant of %j is refused and named', async (input, field) => {
    expect(await send('grantFeature', { tenant: 'acme', feature: FEATURE, source: 'a slip', ...input })).toMatchObject({
      errors: [{ extensions: { code: 'BAD_USER_INPUT', field } }],
    });
  });
});

describe('An override', () => {
  it('holds from the next reservation on, ends the tokens that state what was before, and is written down', async () => {
    const { accessToken, refreshToken } = (await test.post('/auth/login', { username: 'gus', password: DEMO_PASSWORD }))
      .body;
    const old = jwt.decode(accessToken) as AccessTokenClaims;
    const before = await position();
    await override('globex', { quota: 1, per: 'DAY' });
    expect(await heardSince(before)).toEqual([ended(globex)]);
    expect(await reserve(globex, 2)).toMatchObject({ kind: 'exceeded', limit: 1 });

    const renewed = (await test.post('/auth/refresh', { refreshToken })).body.accessToken;
    const { ent, rev } = jwt.decode(renewed) as AccessTokenClaims;
    expect(ent).not.toBe(old.ent);
    expect(ent).toBe((await test.identity.ports.entitlements.describe(globex)).digest);
    expect(ent).toBe((await test.identity.ports.tenants.find(globex))!.entitlementsDigest);
    expect(rev).toBeGreaterThan(old.rev);
    expect((await test.audit(globex)).at(-1)).toMatchObject({
      action: 'identity.set-feature-override',
      outcome: 'success',
      actor: { kind: 'user', id: await test.userId('root') },
      details: { feature: FEATURE, version: 1, definition: { kind: 'metered', limit: 1, per: 'day' }, expiresAt: null },
    });
  });

  it('is superseded by the next one, and gives way to the plan when it is removed; what was stays written', async () => {
    await override('globex', { quota: 2, per: 'MONTH' });
    expect(await featureOf(gus!)).toMatchObject({ quota: 2, per: 'MONTH', isOverridden: true });
    await send('removeFeatureOverride', { tenant: 'globex', feature: FEATURE, reason: 'over' });
    expect(await featureOf(gus!)).toMatchObject({ quota: 10_000, isOverridden: false });
    expect(await send('removeFeatureOverride', { tenant: 'globex', feature: FEATURE, reason: 'over' })).toMatchObject({
      errors: [{ message: 'No such override.', extensions: { code: 'NOT_FOUND' } }],
    });
    expect(
      await test.rows(
        `select version, (definition ->> 'limit')::int as limit, reason from feature_overrides where tenant_id = $1 order by version`,
        [globex],
      ),
    ).toEqual([
      { version: 1, limit: 1, reason: 'asked for' },
      { version: 2, limit: 2, reason: 'asked for' },
      { version: 3, limit: null, reason: 'over' },
    ]);
  });

  it('ends by itself, for reservations at once and for tokens within a minute', async () => {
    const expiresAt = new Date((await test.rows<{ at: Date }>(`select stack_now() + interval '1 hour' as at`))[0]!.at);
    await send('setFeatureOverride', {
      tenant: 'globex',
      feature: 'identity.custom-roles',
      isEnabled: true,
      reason: 'a trial',
      expiresAt,
    });
    const during = await test.identity.ports.entitlements.describe(globex);
    expect(await featureOf(gus!, 'identity.custom-roles')).toMatchObject({ isEnabled: true, isOverridden: true });
    const before = await position();
    expect(await test.identity.maintenance.endOverrides()).toBe(0);
    await test.advance('61 minutes');
    expect(await featureOf(gus!, 'identity.custom-roles')).toMatchObject({ isEnabled: false, isOverridden: false });
    expect((await test.identity.ports.entitlements.describe(globex)).digest).not.toBe(during.digest);
    expect(await Promise.all([1, 2].map(() => test.identity.maintenance.endOverrides()))).toEqual(
      expect.arrayContaining([0, 1]),
    );
    expect(await heardSince(before)).toEqual([ended(globex)]);
    expect((await test.audit(globex)).at(-1)).toMatchObject({
      action: 'identity.end-override',
      actor: { kind: 'operator' },
    });
  });

  it('is one of several that were set at once, and all of them are written', async () => {
    await Promise.all([1, 2, 3, 4].map((quota) => override('globex', { quota, per: 'MONTH' })));
    const written = await test.rows<{ version: number }>(
      'select version from feature_overrides where tenant_id = $1 and feature = $2 order by version desc limit 4',
      [globex, FEATURE],
    );
    expect(written.map(({ version }) => version)).toEqual([7, 6, 5, 4]);
    await send('removeFeatureOverride', { tenant: 'globex', feature: FEATURE, reason: 'over' });
  });

  it.each(['feature_overrides', 'feature_grants', 'feature_grant_voids'])(
    'is in a table that identity itself cannot change, as what was granted and voided is: %s',
    async (table) => {
      await expect(test.flows.db.rows(`update ${table} set author = null`)).rejects.toThrow('permission denied');
      await expect(test.flows.db.rows(`delete from ${table}`)).rejects.toThrow('permission denied');
    },
  );
});

describe('A grant', () => {
  it('of the own tenant is an entity; that of another and one that does not exist are the same: nothing', async () => {
    const [own, theirs] = [await grant('globex', { amount: 1 }), await grant('acme', { amount: 1 })];
    const keys = [own, theirs, newId(), 'no id'].map((id) => ({ __typename: 'FeatureGrant', id }));
    const entities = 'query ($keys: [_Any!]!) { _entities(representations: $keys) { ... on FeatureGrant { amount } } }';
    expect(await test.ask(entities, gus!, { keys })).toEqual({
      data: { _entities: [{ amount: 1 }, null, null, null] },
    });
    for (const [tenant, id] of [
      ['globex', own],
      ['acme', theirs],
    ] as const)
      await send('voidFeatureGrant', { tenant, id, reason: 'a test' });
  });

  it('burns once the quota is used up, in its turn, and outlives the period; what is voided burns no more', async () => {
    await override('globex', { quota: 2, per: 'MONTH' });
    const [late, first] = [
      await grant('globex', { amount: 4, priority: 2 }),
      await grant('globex', { amount: 1, priority: 1 }),
    ];
    await use(globex, 5);
    const seen = async () => (await featureOf(gus!)).grants.nodes;
    expect((await seen()).slice(-2)).toMatchObject([
      { priority: 2, used: 2, status: 'OPEN' },
      { priority: 1, used: 1, status: 'SPENT' },
    ]);
    expect((await featureOf(gus!)).usage).toEqual({ used: 5, held: 0, limit: 7 });
    await test.rows(`update clock set ahead = ahead + interval '1 month'`);
    expect((await featureOf(gus!)).usage).toEqual({ used: 0, held: 0, limit: 4 });
    expect(await reserve(globex, 5)).toMatchObject({ kind: 'exceeded', limit: 4 });
    expect(await send('voidFeatureGrant', { tenant: 'globex', id: late, reason: 'refunded' })).toMatchObject({
      data: { voidFeatureGrant: { grant: { id: late, status: 'VOIDED' } } },
    });
    expect((await featureOf(gus!)).usage).toEqual({ used: 0, held: 0, limit: 2 });
    expect(await send('voidFeatureGrant', { tenant: 'globex', id: late, reason: 'again' })).toMatchObject({
      errors: [{ extensions: { code: 'NOT_FOUND' } }],
    });
    expect((await test.audit(globex)).filter(({ outcome }) => outcome === 'success').slice(-3)).toMatchObject([
      { action: 'identity.grant-feature', details: { feature: FEATURE, amount: 4, priority: 2 } },
      { action: 'identity.grant-feature', subject: { type: 'FeatureGrant', id: first } },
      {
        action: 'identity.void-feature-grant',
        subject: { type: 'FeatureGrant', id: late },
        details: { used: 2, held: 0 },
      },
    ]);
  });

  it('says nothing new to tokens: they go on', async () => {
    const [before, { digest }] = [await position(), await test.identity.ports.entitlements.describe(globex)];
    await grant('globex', { amount: 1 });
    expect(await heardSince(before)).toEqual([]);
    expect((await test.identity.ports.entitlements.describe(globex)).digest).toBe(digest);
  });
});

describe('A change of plan', () => {
  it('holds from the next reservation on, and ends the tokens that state the plan of before', async () => {
    await send('removeFeatureOverride', { tenant: 'acme', feature: FEATURE, reason: 'over' });
    const before = await position();
    expect(await send('changePlan', { tenant: 'acme', plan: 'enterprise' })).toMatchObject({
      data: { changePlan: { entitlements: { plan: 'enterprise' } } },
    });
    expect(await heardSince(before)).toEqual([ended(acme)]);
    expect(await featureOf(ada!)).toMatchObject({ quota: 10_000_000 });
    expect((await test.audit(acme)).at(-1)).toMatchObject({
      action: 'identity.change-plan',
      details: { before: 'pro', after: 'enterprise' },
    });
    const after = await position();
    await send('changePlan', { tenant: 'acme', plan: 'enterprise' });
    expect(await heardSince(after)).toEqual([]);
    expect(await send('changePlan', { tenant: 'acme', plan: 'gold' })).toMatchObject({
      errors: [{ extensions: { code: 'BAD_USER_INPUT', field: 'input.plan' } }],
    });
  });
});
