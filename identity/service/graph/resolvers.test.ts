import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newId } from '@inevitable/kit';
import { anonymous, DEMO_PASSWORD, openTestIdentity, type TestIdentity } from '../testing/open-test-identity.js';

let test: TestIdentity;
beforeAll(async () => {
  test = await openTestIdentity();
});
afterAll(() => test.close());

const as = (username: string) => test.as(username);
const execute: TestIdentity['ask'] = (...asked) => test.ask(...asked);

const VIEWER =
  '{ viewer { user { id email username displayName } tenant { slug name plan status } roles permissions } }';
const ENTITIES = `query ($keys: [_Any!]!) { _entities(representations: $keys) { ... on User { email } ... on Tenant { slug } } }`;

describe('The viewer', () => {
  it('is the signed-in person in the tenant of the token', async () => {
    expect(await execute(VIEWER, await as('bob'))).toEqual({
      data: {
        viewer: {
          user: { id: await test.userId('bob'), email: 'bob@acme.test', username: 'bob', displayName: 'Bob' },
          tenant: { slug: 'acme', name: 'Acme', plan: 'pro', status: 'active' },
          roles: ['member'],
          permissions: [
            'identity:api-keys:write',
            'identity:entitlements:read',
            'identity:members:read',
            'starter:notes:read',
            'starter:notes:write',
          ],
        },
      },
    });
  });

  it('is nobody for the anonymous', async () => {
    expect(await execute(VIEWER, anonymous)).toEqual({
      data: { viewer: null },
      errors: [expect.objectContaining({ path: ['viewer'], extensions: { code: 'UNAUTHENTICATED' } })],
    });
  });
});

describe('A tenant', () => {
  it('lists its members a page at a time, the earliest first', async () => {
    const query = `query ($after: String) { viewer { tenant { members(first: 2, after: $after) {
      nodes { user { username } roles status } pageInfo { hasNextPage endCursor } } } } }`;
    const ada = await as('ada');
    const first = (await execute(query, ada)).data.viewer.tenant.members;
    expect(first.nodes).toEqual([
      { user: { username: 'ada' }, roles: ['owner'], status: 'active' },
      { user: { username: 'bob' }, roles: ['member'], status: 'active' },
    ]);
    const second = (await execute(query, ada, { after: first.pageInfo.endCursor })).data.viewer.tenant.members;
    expect(second).toMatchObject({ nodes: [{ user: { username: 'root' } }], pageInfo: { hasNextPage: false } });
  });

  it('shows its members to those alone who may read them', async () => {
    const ada = { ...(await as('ada')), may: new Set<string>() };
    expect(await execute('{ viewer { tenant { members { nodes { id } } } } }', ada)).toMatchObject({
      errors: [{ extensions: { code: 'FORBIDDEN' } }],
    });
  });
});

describe('An entity', () => {
  it('of the own tenant is found, a hundred of them as one', async () => {
    const keys = [
      ...Array.from({ length: 100 }, () => ({ __typename: 'User' })).map((key) => ({ ...key, id: '' })),
      { __typename: 'Tenant', id: await test.tenantId('acme') },
    ];
    const ids = [await test.userId('ada'), await test.userId('bob')];
    for (const [index, key] of keys.slice(0, 100).entries()) key.id = ids[index % 2]!;
    const { data } = await execute(ENTITIES, await as('ada'), { keys });
    expect(data._entities.slice(0, 3)).toEqual([
      { email: 'ada@acme.test' },
      { email: 'bob@acme.test' },
      { email: 'ada@acme.test' },
    ]);
    expect(data._entities[100]).toEqual({ slug: 'acme' });
  });

  it('of another tenant, an unknown one and one with a malformed id are the same: nothing', async () => {
    const keys = [
      { __typename: 'User', id: await test.userId('gus') },
      { __typename: 'User', id: newId() },
      { __typename: 'User', id: "' or 1=1" },
      { __typename: 'Tenant', id: await test.tenantId('globex') },
      { __typename: 'Tenant', id: newId() },
      { __typename: 'Tenant', id: '' },
    ];
    expect(await execute(ENTITIES, await as('ada'), { keys })).toEqual({ data: { _entities: keys.map(() => null) } });
  });

  it('is never read in the session of another tenant, however close the two ask', async () => {
    const [ada, gus] = [await as('ada'), await as('gus')];
    const keys = [
      { __typename: 'User', id: await test.userId('ada') },
      { __typename: 'User', id: await test.userId('gus') },
    ];
    const answers = await Promise.all([ada, gus, ada, gus].map((context) => execute(ENTITIES, context, { keys })));
    const [ofAda, ofGus] = [
      [{ email: 'ada@acme.test' }, null],
      [null, { email: 'gus@globex.test' }],
    ];
    expect(answers.map(({ data }) => data._entities)).toEqual([ofAda, ofGus, ofAda, ofGus]);
  });
});

describe('The mutations', () => {
  const SIGN_IN =
    'mutation ($input: SignInInput!) { signIn(input: $input) { accessToken refreshToken tokenType expiresIn } }';

  it('sign in, refresh and sign out as REST does', async () => {
    const { signIn } = (
      await execute(SIGN_IN, anonymous, { input: { email: 'ada@acme.test', password: DEMO_PASSWORD } })
    ).data;
    expect(signIn).toMatchObject({ tokenType: 'Bearer', expiresIn: 900 });
    const refresh = `mutation { refreshSession(input: { refreshToken: "${signIn.refreshToken}" }) { accessToken refreshToken } }`;
    const { refreshSession } = (await execute(refresh, anonymous)).data;
    expect((await execute(refresh, anonymous)).data.refreshSession).toEqual({
      accessToken: expect.any(String),
      refreshToken: null,
    });
    const signOut = `mutation { signOut(input: { refreshToken: "${refreshSession.refreshToken}" }) { signedOut } }`;
    expect(await execute(signOut, anonymous)).toEqual({ data: { signOut: { signedOut: true } } });
    expect((await execute(refresh, anonymous)).errors[0]).toMatchObject({
      message: 'Sign in again.',
      extensions: { code: 'UNAUTHENTICATED' },
    });
  });

  it.each([
    [
      { email: 'ada@acme.test', password: 'wrong' },
      { message: 'The login or the password is wrong.', extensions: { code: 'UNAUTHENTICATED' } },
    ],
    [
      { email: 'nobody@acme.test', password: 'wrong' },
      { message: 'The login or the password is wrong.', extensions: { code: 'UNAUTHENTICATED' } },
    ],
    [{ password: 'wrong' }, { extensions: { code: 'BAD_USER_INPUT', field: 'input.email' } }],
    [
      { email: 'ada@acme.test', password: 'x'.repeat(5_000) },
      { extensions: { code: 'BAD_USER_INPUT', field: 'input.password' } },
    ],
  ])('refuse %j', async (input, error) => {
    expect(await execute(SIGN_IN, anonymous, { input })).toMatchObject({ data: { signIn: null }, errors: [error] });
  });
});
