import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { accessTokenClaims } from '@inevitable/contract';
import { hash } from '@node-rs/argon2';
import jwt from 'jsonwebtoken';
import {
  anonymous,
  contextOfToken,
  DEMO_PASSWORD,
  openTestIdentity,
  type TestIdentity,
} from '../../testing/open-test-identity.js';
import { originOf } from '../../audit/origin.js';
import { addMember } from '../members/add-member.js';
import { createTenant } from '../tenants/create-tenant.js';
import { createUser } from '../accounts/create-user.js';
import type { FlowDeps } from '../flow-deps.js';
import { lockPerson } from '../accounts/lock-person.js';
import { setPassword } from '../accounts/set-password.js';
import { signIn } from './sign-in.js';

let test: TestIdentity;
beforeAll(async () => {
  test = await openTestIdentity();
});
afterAll(() => test.close());

/** Asks until it is so. */
async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  for (let asked = 0; asked < 10_000; asked++) if (await isSo()) return;
  throw new Error(`It never came about that ${what}.`);
}

const login = (body: object) => test.post('/auth/login', body);
const nothingElse = { tenant: null, totp: null, scopes: null, deviceToken: null };
const wrong = { error: { code: 'UNAUTHENTICATED', message: 'The login or the password is wrong.' } };

/** A person of their own for one test. */
async function newUser(username: string) {
  const userId = await createUser(
    { email: `${username}@acme.test`, username, displayName: username, password: 'secret' },
    test.flows,
  );
  return {
    userId,
    join: async (slug: string) =>
      addMember({ tenantId: await test.tenantId(slug), userId, roles: ['member'] }, test.flows),
  };
}

describe('Signing in', () => {
  it('answers a Bearer token of 15 minutes and a refresh token, which no cache may keep', async () => {
    const answer = await login({ email: 'ada@acme.test', password: DEMO_PASSWORD });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.body).toEqual({
      accessToken: expect.any(String),
      refreshToken: expect.stringMatching(/^[\w-]{43}$/),
      tokenType: 'Bearer',
      expiresIn: 900,
    });
  });

  it('names person, tenant, roles and permissions in the token, and the state they are of', async () => {
    const { body } = await login({ username: 'ada', password: DEMO_PASSWORD });
    const token = jwt.decode(body.accessToken, { complete: true })!;
    expect(token.header).toMatchObject({ alg: 'ES256', typ: 'at+jwt' });
    expect(accessTokenClaims.parse(token.payload)).toMatchObject({
      iss: 'http://127.0.0.1:8080',
      sub: await test.userId('ada'),
      tid: await test.tenantId('acme'),
      roles: ['owner'],
      scope: test.flows.permissions().join(' '),
      plan: 'pro',
      amr: ['pwd'],
      rev: expect.any(Number),
      exp: (token.payload as jwt.JwtPayload).iat! + 900,
    });
  });

  it('marks a platform administrator, and nobody else', async () => {
    const admin = await login({ username: 'root', password: DEMO_PASSWORD });
    const owner = await login({ username: 'ada', password: DEMO_PASSWORD });
    expect(jwt.decode(admin.body.accessToken)).toMatchObject({ adm: true, roles: ['member'] });
    expect(jwt.decode(owner.body.accessToken)).not.toHaveProperty('adm');
  });

  it.each([
    { email: ' ADA@acme.test ' },
    { email: 'ada\uff20acme.test' },
    { username: 'Ada' },
    { email: 'ada@acme.test', tenant: 'acme' },
  ])('accepts %j', async (who) => {
    expect((await login({ ...who, password: DEMO_PASSWORD })).status).toBe(200);
  });

  it('accepts the tenant by its id', async () => {
    expect(
      (await login({ username: 'ada', password: DEMO_PASSWORD, tenant: await test.tenantId('acme') })).status,
    ).toBe(200);
  });

  it.each([
    ['a wrong password', { email: 'ada@acme.test', password: 'wrong' }],
    ['an unknown person', { email: 'nobody@acme.test', password: DEMO_PASSWORD }],
    ['an unknown user name', { username: 'nobody', password: DEMO_PASSWORD }],
    ['a tenant of others', { email: 'ada@acme.test', password: DEMO_PASSWORD, tenant: 'globex' }],
    ['a tenant that does not exist', { email: 'ada@acme.test', password: DEMO_PASSWORD, tenant: 'nowhere' }],
  ])('refuses %s with one and the same answer', async (_case, body) => {
    expect(await login(body)).toMatchObject({ status: 401, body: wrong });
  });

  it('refuses a disabled person, a former member and a suspended tenant in the same way', async () => {
    await newUser('disabled').then(({ join }) => join('acme'));
    await test.rows(`update users set status = 'disabled' where username = 'disabled'`);
    await newUser('former').then(({ join }) => join('acme'));
    await test.rows(`update memberships set status = 'ended' where user_id = $1`, [await test.userId('former')]);
    await createTenant({ slug: 'suspended', name: 'Suspended' }, test.flows);
    await newUser('suspended').then(({ join }) => join('suspended'));
    await test.rows(`update tenants set status = 'suspended' where slug = 'suspended'`);
    for (const username of ['disabled', 'former', 'suspended']) {
      expect(await login({ username, password: 'secret' })).toMatchObject({ status: 401, body: wrong });
    }
  });

  it('costs one password check, whoever is refused and why', async () => {
    let checks = 0;
    const counted: FlowDeps = {
      ...test.flows,
      passwords: {
        ...test.flows.passwords,
        verify: (...asked) => ((checks += 1), test.flows.passwords.verify(...asked)),
      },
    };
    for (const login of ['ada', 'nobody', 'disabled']) {
      expect(await signIn({ ...nothingElse, login, password: 'wrong' }, originOf(anonymous), counted)).toEqual({
        kind: 'refused',
      });
    }
    expect(checks).toBe(3);
  });

  it('asks a member of several tenants which one, once the password was right', async () => {
    const { join } = await newUser('several');
    await join('acme');
    await join('globex');
    expect(await login({ username: 'several', password: 'wrong' })).toMatchObject({ status: 401, body: wrong });
    expect(await login({ username: 'several', password: 'secret' })).toMatchObject({
      status: 400,
      body: { error: { code: 'BAD_USER_INPUT', message: 'You belong to several tenants: name one in "tenant".' } },
    });
    expect((await login({ username: 'several', password: 'secret', tenant: 'globex' })).status).toBe(200);
  });
});

describe('The scopes asked for', () => {
  it('take more than permissions from a token: it administers no platform, and changes nothing about signing in', async () => {
    const { body } = await login({ username: 'root', password: DEMO_PASSWORD, scopes: ['starter:notes:read'] });
    const narrow = contextOfToken(body.accessToken);
    expect(narrow.caller.kind).toBe('member');
    expect(await test.ask('mutation { enrolTotp(input: {}) { uri } }', narrow)).toMatchObject({
      errors: [{ extensions: { code: 'FORBIDDEN', reason: 'fresh-sign-in' } }],
    });
    const { body: wide } = await login({ username: 'root', password: DEMO_PASSWORD });
    expect(contextOfToken(wide.accessToken).caller.kind).toBe('platformAdmin');
  });

  const scopeOf = ({ accessToken }: { accessToken: string }) => (jwt.decode(accessToken) as jwt.JwtPayload)['scope'];

  it('are all that the tokens allow, at each refresh too, and never more than the roles do', async () => {
    const scopes = ['starter:notes:read', 'identity:api-keys:admin'];
    const { body } = await login({ username: 'bob', password: DEMO_PASSWORD, scopes });
    expect(scopeOf(body)).toBe('starter:notes:read');
    const refreshed = await test.post('/auth/refresh', { refreshToken: body.refreshToken });
    expect(scopeOf(refreshed.body)).toBe('starter:notes:read');
    expect(scopeOf((await login({ username: 'bob', password: DEMO_PASSWORD, scopes: [] })).body)).toBe('');
  });

  it('are refused where no product declares them, whoever asks', async () => {
    for (const username of ['bob', 'nobody'])
      expect(await login({ username, password: 'wrong', scopes: ['starter:notes:raed'] })).toMatchObject({
        status: 400,
        body: { error: { code: 'BAD_USER_INPUT', message: 'No product declares this scope.' } },
      });
  });
});

describe('A hash with parameters below today’s', () => {
  const stored = async (username: string) =>
    (
      await test.rows<{ hash: string; changed: Date }>(
        `select password_hash as hash, changed_at as changed from credentials where user_id = $1`,
        [await test.userId(username)],
      )
    )[0]!;

  it('is made anew at the next right password, and by nothing else', async () => {
    const { userId, join } = await newUser('outdated');
    await join('acme');
    const weak = await hash('secret', { algorithm: 2, memoryCost: 8_192, timeCost: 1, parallelism: 1 });
    await test.rows('update credentials set password_hash = $2 where user_id = $1', [userId, weak]);
    const before = await stored('outdated');
    const session = await login({ username: 'outdated', password: 'wrong' });
    expect([session.status, await stored('outdated')]).toEqual([401, before]);
    const both = await Promise.all([1, 2].map(() => login({ username: 'outdated', password: 'secret' })));
    expect(both.map(({ status }) => status)).toEqual([200, 200]);
    const after = await stored('outdated');
    expect(after.hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    expect(after.changed).toEqual(before.changed);
    expect((await login({ username: 'outdated', password: 'secret' })).status).toBe(200);
    expect(await stored('outdated')).toEqual(after);
  });
});

describe('A sign-in', () => {
  it('opens a new session each time, and keeps where it came from', async () => {
    const client = { address: '203.0.113.5', agent: 'Firefox' };
    const asked = { ...nothingElse, login: 'ada', password: DEMO_PASSWORD };
    const ids: unknown[] = [];
    const issueAccessToken = async (id: string) => (ids.push(id), 'of a test');
    for (let n = 0; n < 2; n++)
      await signIn(asked, { ...originOf(anonymous), client }, { ...test.flows, issueAccessToken });
    expect(new Set(ids).size).toBe(2);
    expect(await test.rows('select device, address from sessions where id = any ($1)', [ids])).toEqual([
      { device: 'Firefox', address: '203.0.113.5' },
      { device: 'Firefox', address: '203.0.113.5' },
    ]);
  });

  const newPassword = `update credentials set changed_at = stack_now() where user_id = $1`;
  const newFactor = `insert into totp_factors (user_id, sealed_secret, confirmed_at) values ($1, '', stack_now())`;
  it.each([
    { what: 'the password', name: 'racing-password', before: [], change: newPassword },
    { what: 'the second factor', name: 'racing-factor', before: [], change: newFactor },
    { what: 'the password beside a factor', name: 'racing-half', before: [newFactor], change: newPassword },
  ])('is refused, also half of it, when $what changes while it is under way', async ({ name, before, change }) => {
    const { userId, join } = await newUser(name);
    await join('acme');
    for (const statement of before) await test.rows(statement, [userId]);
    await test.advance('1 second');
    const asked = { ...nothingElse, login: name, password: 'secret' };
    let signingIn: ReturnType<typeof signIn> | null = null;
    await test.flows.db.transaction(async (rows) => {
      await lockPerson(rows, userId);
      await rows(change, [userId]);
      signingIn = signIn(asked, originOf(anonymous), test.flows);
      await until('the sign-in waits for the change', async () => {
        const waiting = await test.flows.db.rows(
          `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'
             and query like '%from users%for share%'`,
        );
        return waiting.length > 0;
      });
    });
    expect(await signingIn).toEqual({ kind: 'refused' });
    expect(await test.rows('select from sessions where user_id = $1', [userId])).toEqual([]);
    expect(await test.rows('select from sign_in_challenges where user_id = $1', [userId])).toEqual([]);
  });
});

describe('A new member', () => {
  it('ends tokens with other roles, and nothing when the roles stay', async () => {
    const { userId, join } = await newUser('promoted');
    const tenantId = await test.tenantId('acme');
    await join('acme');
    const signal = new AbortController().signal;
    const before = (await test.identity.ports.revocations.since(0, 0, signal)).sequence;
    await join('acme');
    expect((await test.identity.ports.revocations.since(before, 0, signal)).revocations).toEqual([]);
    await addMember({ tenantId, userId, roles: ['admin'] }, test.flows);
    expect((await test.identity.ports.revocations.since(before, 0, signal)).revocations).toEqual([
      { sequence: before + 1, subject: 'membership', id: `${tenantId}/${userId}` },
    ]);
  });

  it('cannot take an address or user name that someone has in another spelling', async () => {
    const ada = { displayName: 'Twin', password: 'secret' };
    await expect(createUser({ ...ada, email: 'ADA\uff20acme.test ' }, test.flows)).rejects.toMatchObject({
      code: 'CONFLICT',
    });
    await expect(createUser({ ...ada, email: 'twin@acme.test', username: 'ADA' }, test.flows)).rejects.toMatchObject({
      code: 'CONFLICT',
    });
  });
});

describe('A new password', () => {
  it('ends every session; the same password again ends none', async () => {
    const { userId, join } = await newUser('changing');
    await join('acme');
    const { refreshToken } = (await login({ username: 'changing', password: 'secret' })).body;
    await setPassword({ userId, password: 'secret' }, test.flows);
    const refreshed = await test.post('/auth/refresh', { refreshToken });
    expect(refreshed.status).toBe(200);
    await setPassword({ userId, password: 'changed' }, test.flows);
    expect((await test.post('/auth/refresh', { refreshToken: refreshed.body.refreshToken })).status).toBe(401);
    expect((await login({ username: 'changing', password: 'secret' })).status).toBe(401);
    expect((await login({ username: 'changing', password: 'changed' })).status).toBe(200);
  });
});

describe('The demo', () => {
  it('stays as it is when it is seeded again, and gets the password that is given', async () => {
    await test.rows(`update memberships set roles = '{admin}' where user_id = $1`, [await test.userId('bob')]);
    expect(await test.identity.seedDemo('another password')).toBe('another password');
    const bob = await login({ username: 'bob', password: 'another password' });
    expect(jwt.decode(bob.body.accessToken)).toMatchObject({ roles: ['admin'] });
    const generated = await test.identity.seedDemo(null);
    expect((await login({ username: 'gus', password: generated })).status).toBe(200);
    await test.identity.seedDemo(DEMO_PASSWORD);
  });

  it('is made once by two processes that start at once', async () => {
    await Promise.all([test.identity.seedDemo(DEMO_PASSWORD), test.identity.seedDemo(DEMO_PASSWORD)]);
    expect(await test.rows(`select count(*)::int from users where email like '%@globex.test'`)).toEqual([{ count: 1 }]);
  });
});

describe("The operator's token", () => {
  it('needs no password, says so, and opens a session that cannot be refreshed', async () => {
    const token = await test.identity.issueAccessToken({ login: 'bob@acme.test' });
    expect(jwt.decode(token)).toMatchObject({ sub: await test.userId('bob'), amr: ['operator'] });
    await expect(test.identity.issueAccessToken({ login: 'bob', tenant: 'globex' })).rejects.toThrow(
      'No such active tenant of this user.',
    );
    await expect(test.identity.issueAccessToken({ login: 'nobody' })).rejects.toThrow('No such user.');
  });
});
