import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  apiKeySecretHash,
  parseApiKey,
  type ApiKeyId,
  type PresentedApiKey,
  type RequestContext,
  type TenantId,
  type UserId,
} from '@inevitable/contract';
import { newId } from '@inevitable/kit';
import { openTestIdentity, type TestIdentity } from '../../testing/open-test-identity.js';

let test: TestIdentity;
let acme: TenantId;
let ada: RequestContext;
let bob: RequestContext;
let gus: RequestContext;
beforeAll(async () => {
  test = await openTestIdentity();
  acme = await test.tenantId('acme');
  [ada, bob, gus] = await Promise.all([test.as('ada'), test.as('bob'), test.as('gus')]);
});
afterAll(() => test.close());
let eventsBefore: number;
beforeEach(async () => {
  await test.rows('delete from api_keys');
  eventsBefore = (await test.audit(acme)).length;
});

const KEY_FIELDS = 'id name scopes allowedIps createdBy { username } expiresAt revokedAt lastUsedAt replaces';
const CREATE = `mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { key apiKey { ${KEY_FIELDS} } } }`;
const ROTATE = `mutation ($input: RotateApiKeyInput!) {
  rotateApiKey(input: $input) { key apiKey { ${KEY_FIELDS} } replaced { id expiresAt } } }`;
const REVOKE = `mutation ($input: RevokeApiKeyInput!) { revokeApiKey(input: $input) { apiKey { ${KEY_FIELDS} } } }`;
const LIST = `query ($first: Int, $after: String) { viewer { tenant { apiKeys(first: $first, after: $after) {
  nodes { name createdBy { username } } pageInfo { hasNextPage endCursor } } } } }`;

const create = (context: RequestContext, input: object = {}) =>
  test.ask(CREATE, context, { input: { name: 'ci', scopes: ['starter:notes:read'], ...input } });
const rotate = (context: RequestContext, input: object) => test.ask(ROTATE, context, { input });
const revoke = (context: RequestContext, id: string) => test.ask(REVOKE, context, { input: { id } });
const list = async (context: RequestContext, page: object = {}) =>
  (await test.ask(LIST, context, { ...page })).data.viewer.tenant.apiKeys;

/** A new key, and its id. */
async function made(
  context: RequestContext,
  input: object = {},
): Promise<{ readonly key: string; readonly id: string }> {
  const { key, apiKey } = (await create(context, input)).data.createApiKey;
  return { key, id: apiKey.id };
}
const presented = (key: string, changes: Partial<PresentedApiKey> = {}): PresentedApiKey => {
  const { id, secret } = parseApiKey(key)!;
  return { id, secretHash: apiKeySecretHash(secret), address: null, ...changes };
};
const verify = (key: string, changes: Partial<PresentedApiKey> = {}) =>
  test.identity.ports.apiKeys.verify(presented(key, changes));
const refused = { kind: 'refused' };
const holding = (may: readonly string[]) => ({ kind: 'holds', key: expect.objectContaining({ may }) });
/** What the audit of acme has of an action since the test began. */
const audited = async (action: string) =>
  (await test.audit(acme))
    .slice(eventsBefore)
    .filter((event) => event.action === action)
    .map(({ outcome, reason }) => reason ?? outcome);
const failing = (code: string, field?: string) => ({
  errors: [{ extensions: { code, ...(field !== undefined && { field }) } }],
});
const heard = async (position: number) => {
  const page = await test.identity.ports.revocations.since(position, 0, new AbortController().signal);
  return page.revocations.map(({ subject, id }) => [subject, id]);
};
const positionNow = async () =>
  (await test.identity.ports.revocations.since(0, 0, new AbortController().signal)).sequence;

describe('A person with the permission', () => {
  it('makes a key, is told it once, and what is stored of it opens nothing', async () => {
    const { data } = await create(bob, { allowedIps: ['10.1.0.0/16', '2001:DB8::1', '2001:db8::1'] });
    const { key, apiKey } = data.createApiKey;
    expect(apiKey).toEqual({
      id: parseApiKey(key)!.id,
      name: 'ci',
      scopes: ['starter:notes:read'],
      allowedIps: ['10.1.0.0/16', '2001:db8::1'],
      createdBy: { username: 'bob' },
      expiresAt: expect.any(String),
      revokedAt: null,
      lastUsedAt: null,
      replaces: null,
    });
    expect(key).toMatch(/^ick_test_/);
    const stored = JSON.stringify(await test.rows('select * from api_keys')) + JSON.stringify(await test.audit(acme));
    expect(stored).not.toContain(parseApiKey(key)!.secret);
    expect(await audited('identity.create-api-key')).toEqual(['success']);
  });

  it.each([
    ['no name', { name: ' ' }, 'input.name'],
    ['a name of two lines', { name: 'a\nb' }, 'input.name'],
    ['no scope', { scopes: [] }, 'input.scopes'],
    ['a scope that nobody declares', { scopes: ['starter:notes:explode'] }, 'input.scopes'],
    ['an end that has passed', { expiresAt: '2020-01-01T00:00:00Z' }, 'input.expiresAt'],
    ['an end in more than a year', { expiresAt: '2100-01-01T00:00:00Z' }, 'input.expiresAt'],
    ['an address that is none', { allowedIps: ['10.0.0.1', 'localhost'] }, 'input.allowedIps.1'],
    ['a range that is none', { allowedIps: ['10.0.0.0/33'] }, 'input.allowedIps.0'],
  ])('makes none with %s', async (_what, input, field) => {
    expect(await create(ada, input)).toMatchObject({
      data: { createApiKey: null },
      ...failing('BAD_USER_INPUT', field),
    });
    expect(await test.rows('select from api_keys')).toEqual([]);
  });

  it('gives no key a permission that they, or their own token, do not have', async () => {
    expect(await create(bob, { scopes: ['identity:api-keys:admin'] })).toMatchObject(
      failing('BAD_USER_INPUT', 'input.scopes'),
    );
    const narrow = { ...ada, may: new Set(['identity:api-keys:write']) };
    expect(await create(narrow)).toMatchObject(failing('BAD_USER_INPUT', 'input.scopes'));
    expect(await audited('identity.create-api-key')).toContain('a scope beyond the permissions of its maker');
  });

  it('makes at most 100 that work for a tenant, also when many are made at once, and more when one has ended', async () => {
    const { id } = await made(ada);
    const secret = '\\x00';
    await test.rows(
      `insert into api_keys (tenant_id, id, name, secret_hash, scopes, created_by, expires_at)
       select tenant_id, gen_random_uuid(), name, $1, scopes, created_by, expires_at from api_keys, generate_series(1, 96)`,
      [secret],
    );
    const answers = await Promise.all(Array.from({ length: 8 }, (_, at) => create(at % 2 ? ada : bob)));
    expect(answers.filter(({ errors }) => !errors)).toHaveLength(3);
    expect(answers.filter(({ errors }) => errors?.[0].extensions.code === 'CONFLICT')).toHaveLength(5);
    expect(await create(gus)).toMatchObject({ data: { createApiKey: { apiKey: { name: 'ci' } } } });
    await revoke(ada, id);
    expect((await create(ada)).errors).toBeUndefined();
  });
});

describe('Nobody else', () => {
  const others: readonly (readonly [string, () => RequestContext])[] = [
    ['a viewer', () => ({ ...ada, may: new Set(['starter:notes:read']) })],
    [
      'an API key with every scope',
      () => ({ ...ada, sessionId: null, caller: { kind: 'apiKey', keyId: newId() as ApiKeyId } }),
    ],
    ['a service', () => ({ ...ada, sessionId: null, caller: { kind: 'service', service: 'starter' } })],
    [
      'an administrator in another’s name',
      () => ({ ...ada, caller: { kind: 'member', userId: newId() as UserId, actor: newId() as UserId } }),
    ],
  ];

  it.each(others)('makes, rotates or revokes a key: %s is refused', async (_who, context) => {
    const { id } = await made(ada);
    const answers = [
      await create(context()),
      await rotate(context(), { id, overlapMinutes: 0 }),
      await revoke(context(), id),
    ];
    for (const answer of answers) expect(answer).toMatchObject(failing('FORBIDDEN'));
    expect(await test.rows('select from api_keys where revoked_at is null and replaces is null')).toHaveLength(1);
  });
});

describe('The keys of a tenant', () => {
  it('are listed a page at a time: to administrators all of them, to others their own', async () => {
    for (const [context, name] of [
      [ada, 'one'],
      [bob, 'two'],
      [gus, 'of globex'],
    ] as const)
      await made(context, { name });
    const one = { name: 'one', createdBy: { username: 'ada' } };
    const two = { name: 'two', createdBy: { username: 'bob' } };
    const first = await list(ada, { first: 1 });
    expect(first).toMatchObject({ nodes: [one], pageInfo: { hasNextPage: true } });
    expect(await list(ada, { after: first.pageInfo.endCursor })).toMatchObject({ nodes: [two] });
    expect((await list(bob)).nodes).toEqual([two]);
  });

  it('are shown to no person without the permission to have any, and to no key but an administrator’s', async () => {
    const keyOf = (...may: string[]): RequestContext => ({
      ...ada,
      caller: { kind: 'apiKey', keyId: newId() as ApiKeyId },
      may: new Set(may),
    });
    const query = `query ($keys: [_Any!]!) {
      _entities(representations: $keys) { ... on Tenant { apiKeys { nodes { id } } } } }`;
    const ask = (context: RequestContext) => test.ask(query, context, { keys: [{ __typename: 'Tenant', id: acme }] });
    for (const context of [
      { ...bob, may: new Set<string>() },
      keyOf('starter:notes:read'),
      keyOf('identity:api-keys:write'),
    ])
      expect(await ask(context)).toMatchObject(failing('FORBIDDEN'));
    expect((await ask(keyOf('identity:api-keys:admin'))).errors).toBeUndefined();
  });

  it('are found by id by who sees them listed, and by nobody else', async () => {
    const { id } = await made(bob, { name: 'two' });
    const query = `query ($keys: [_Any!]!) { _entities(representations: $keys) { ... on ApiKey { name } } }`;
    const find = async (context: RequestContext) =>
      (
        await test.ask(query, context, {
          keys: [id, newId(), "' or 1=1"].map((one) => ({ __typename: 'ApiKey', id: one })),
        })
      ).data._entities;
    for (const context of [ada, bob]) expect(await find(context)).toEqual([{ name: 'two' }, null, null]);
    expect(await find(gus)).toEqual([null, null, null]);
    const narrow = { ...ada, may: new Set(['identity:api-keys:write']) };
    expect(await find(narrow)).toEqual([null, null, null]);
  });
});

describe('A rotated key', () => {
  it('works beside the new one for the overlap, and gateways are told to ask again', async () => {
    const { key, id } = await made(ada, {
      scopes: ['starter:notes:read', 'starter:notes:write'],
      allowedIps: ['::/0'],
    });
    const before = await positionNow();
    const { data } = await rotate(ada, { id, overlapMinutes: 60 });
    const { apiKey, key: next, replaced } = data.rotateApiKey;
    expect(apiKey).toMatchObject({ name: 'ci', replaces: id, allowedIps: ['::/0'], revokedAt: null });
    expect(new Date(apiKey.expiresAt).getTime() - new Date(replaced.expiresAt).getTime()).toBeGreaterThan(
      364 * 86_400_000,
    );
    expect(await heard(before)).toEqual([['apiKey', id]]);
    const both = { address: '192.0.2.1' };
    const answers = [await verify(key, both), await verify(next, both)];
    expect(answers).toEqual([1, 2].map(() => holding(['starter:notes:read', 'starter:notes:write'])));
    await test.advance('61 minutes');
    expect([await verify(key, both), await verify(next, both)]).toEqual([refused, holding(expect.any(Array) as never)]);
    expect(await audited('identity.rotate-api-key')).toEqual(['success']);
  });

  it('ends at once without an overlap, and is rotated once, however many ask', async () => {
    const { key, id } = await made(ada);
    const answers = await Promise.all([1, 2, 3, 4].map(() => rotate(ada, { id, overlapMinutes: 10 })));
    expect(answers.filter(({ errors }) => !errors)).toHaveLength(1);
    expect(answers.filter(({ errors }) => errors?.[0].extensions.code === 'CONFLICT')).toHaveLength(3);
    const next = answers.find(({ errors }) => !errors)!.data.rotateApiKey;
    await rotate(ada, { id: next.apiKey.id, overlapMinutes: 0 });
    expect([await verify(key), await verify(next.key)]).toEqual([holding(['starter:notes:read']), refused]);
  });

  it('is one’s own: for somebody else’s, another tenant’s, an unknown and a malformed id the answer is the same', async () => {
    const { id } = await made(bob);
    for (const [context, wanted] of [
      [ada, id],
      [gus, id],
      [bob, newId()],
      [bob, "' or 1=1"],
    ] as const)
      expect(await rotate(context, { id: wanted, overlapMinutes: 0 })).toEqual({
        data: { rotateApiKey: null },
        errors: [expect.objectContaining({ message: 'No such API key.', extensions: { code: 'NOT_FOUND' } })],
      });
  });

  it.each([-1, 10_081])('cannot overlap for %d minutes', async (overlapMinutes) => {
    const { id } = await made(ada);
    expect(await rotate(ada, { id, overlapMinutes })).toMatchObject(failing('BAD_USER_INPUT', 'input.overlapMinutes'));
  });
});

describe('A revoked key', () => {
  it('is refused from then on and stays listed, gateways hear of it, and doing it again changes nothing', async () => {
    const { key, id } = await made(bob);
    const before = await positionNow();
    const first = (await revoke(bob, id)).data.revokeApiKey.apiKey;
    expect(first).toMatchObject({ id, revokedAt: expect.any(String) });
    expect(await verify(key)).toEqual(refused);
    expect((await revoke(bob, id)).data.revokeApiKey.apiKey).toEqual(first);
    expect(await heard(before)).toEqual([['apiKey', id]]);
    expect((await list(bob)).nodes).toHaveLength(1);
    expect(await audited('identity.revoke-api-key')).toEqual(['success']);
    expect(await rotate(bob, { id, overlapMinutes: 0 })).toMatchObject(failing('CONFLICT', 'input.id'));
  });

  it('may be anybody’s of the tenant to an administrator, and to a member their own alone', async () => {
    const [ofAda, ofBob] = [await made(ada), await made(bob)];
    expect(await revoke(bob, ofAda.id)).toMatchObject(failing('NOT_FOUND'));
    expect(await revoke(gus, ofBob.id)).toMatchObject(failing('NOT_FOUND'));
    expect((await revoke(ada, ofBob.id)).errors).toBeUndefined();
    expect([await verify(ofAda.key), await verify(ofBob.key)]).toEqual([holding(['starter:notes:read']), refused]);
  });
});

describe('A key of a person of two tenants', () => {
  it('is out of reach where their token speaks for the other one', async () => {
    const globex = await test.tenantId('globex');
    const userId = await test.userId('ada');
    await test.rows(`insert into memberships (tenant_id, id, user_id, roles) values ($1, $2, $3, '{owner}')`, [
      globex,
      newId(),
      userId,
    ]);
    const elsewhere: RequestContext = { ...gus, caller: { kind: 'member', userId } };
    const { id, key } = await made(ada);
    expect(await rotate(elsewhere, { id, overlapMinutes: 0 })).toMatchObject(failing('NOT_FOUND'));
    expect(await revoke(elsewhere, id)).toMatchObject(failing('NOT_FOUND'));
    expect((await list(elsewhere)).nodes).toEqual([]);
    expect(await verify(key)).toEqual(holding(['starter:notes:read']));
  });
});

describe('A presented key', () => {
  it('holds with what a gateway needs of it', async () => {
    const { key, id } = await made(ada, { expiresAt: new Date(Date.now() + 30 * 86_400_000).toISOString() });
    const { plan, entitlementsDigest } = (await test.identity.ports.tenants.find(acme))!;
    expect(await verify(key)).toEqual({
      kind: 'holds',
      key: {
        id,
        tenantId: acme,
        plan,
        entitlementsDigest,
        creator: await test.userId('ada'),
        may: ['starter:notes:read'],
        expiresAt: expect.any(String),
        allowedIps: [],
        rev: await positionNow(),
      },
    });
  });

  it('never may more than its maker may now', async () => {
    const { key } = await made(ada, {
      scopes: ['starter:notes:read', 'starter:notes:write', 'identity:api-keys:admin'],
    });
    const withRoles = async (...roles: string[]) => {
      await test.rows('update memberships set roles = $1 where tenant_id = $2 and user_id = $3', [
        roles,
        acme,
        await test.userId('ada'),
      ]);
      const verdict = await verify(key);
      return verdict.kind === 'holds' && verdict.key.may;
    };
    expect(await withRoles('member')).toEqual(['starter:notes:read', 'starter:notes:write']);
    expect(await withRoles('viewer')).toEqual(['starter:notes:read']);
    await test.rows(
      `insert into tenant_roles (tenant_id, id, name, permissions) values ($1, $2, 'writer', '{starter:notes:write}')`,
      [acme, newId()],
    );
    expect(await withRoles('writer')).toEqual(['starter:notes:write']);
    expect(await withRoles('gone')).toEqual([]);
    expect(await withRoles('owner')).toHaveLength(3);
  });

  const change = (statement: string) => () => test.rows(statement, [acme]);
  const ended: readonly (readonly [string, string, () => Promise<unknown>, () => Promise<unknown>])[] = [
    [
      'its maker is disabled',
      'its creator is disabled',
      change(`update users set status = 'disabled' where username = 'bob' and $1::uuid is not null`),
      change(`update users set status = 'active' where username = 'bob' and $1::uuid is not null`),
    ],
    [
      'its maker is no member any more',
      'its creator is no member any more',
      change(
        `update memberships m set status = 'ended' from users u where u.id = m.user_id and u.username = 'bob' and m.tenant_id = $1`,
      ),
      change(
        `update memberships m set status = 'active' from users u where u.id = m.user_id and u.username = 'bob' and m.tenant_id = $1`,
      ),
    ],
    [
      'its tenant is suspended',
      'the tenant is not active',
      change(`update tenants set status = 'suspended' where id = $1`),
      change(`update tenants set status = 'active' where id = $1`),
    ],
  ];
  it.each(ended)('is refused when %s, and the audit says why', async (_what, reason, end, restore) => {
    const { key } = await made(bob);
    expect(await verify(key)).toEqual(holding(['starter:notes:read']));
    await end();
    const answer = await verify(key);
    await restore();
    expect(answer).toEqual(refused);
    expect(await audited('identity.use-api-key')).toContain(reason);
  });

  it('is refused with a wrong secret, from elsewhere, after its end and for an unknown id, and only the audit knows which', async () => {
    const expiresAt = new Date(Date.now() + 30 * 86_400_000).toISOString();
    const { key, id } = await made(ada, { allowedIps: ['10.0.0.0/8'], expiresAt });
    const inside = { address: '10.2.3.4' };
    expect(await verify(key, inside)).toEqual(holding(['starter:notes:read']));
    for (let time = 0; time < 3; time++)
      expect([
        await verify(key, { ...inside, secretHash: apiKeySecretHash('guess') }),
        await verify(key, { ...inside, id: newId() as ApiKeyId }),
        await verify(key, { address: '192.0.2.1' }),
        await verify(key),
      ]).toEqual([refused, refused, refused, refused]);
    await test.advance('31 days');
    expect(await verify(key, inside)).toEqual(refused);
    expect(await audited('identity.use-api-key')).toEqual(['wrong secret', 'from an address it may not', 'expired']);
    const events = await test.audit(acme);
    expect(events.at(-1)).toMatchObject({ actor: { kind: 'apiKey', id }, subject: { type: 'ApiKey', id } });
    expect(JSON.stringify(events)).not.toContain('192.0.2.1');
  });

  it('notes when it was used last, once a minute', async () => {
    const { key, id } = await made(ada);
    const lastUsed = async () =>
      (await test.rows<{ last_used_at: Date | null }>('select last_used_at from api_keys where id = $1', [id]))[0]!
        .last_used_at;
    expect(await lastUsed()).toBeNull();
    await verify(key);
    const first = await lastUsed();
    await verify(key);
    expect(await lastUsed()).toEqual(first);
    await test.advance('61 seconds');
    await verify(key);
    expect((await lastUsed())!.getTime()).toBeGreaterThan(first!.getTime());
  });
});
