import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { RequestContext } from '@inevitable/contract';
import { newId } from '@inevitable/kit';
import { feedPosition, makePerson, revokedSince } from '../../testing/make-person.js';
import { anonymous, DEMO_PASSWORD, openTestIdentity, type TestIdentity } from '../../testing/open-test-identity.js';

let test: TestIdentity;
let ada: RequestContext;
let root: RequestContext;
beforeAll(async () => {
  test = await openTestIdentity();
  [ada, root] = [await test.as('ada'), await test.as('root')];
});
afterAll(() => test.close());

const SUSPEND = 'mutation ($input: SuspendTenantInput!) { suspendTenant(input: $input) { tenantId status } }';
const REACTIVATE = 'mutation ($input: ReactivateTenantInput!) { reactivateTenant(input: $input) { tenantId status } }';
const DISABLE = 'mutation ($input: DisableUserInput!) { disableUser(input: $input) { userId status } }';
const ENABLE = 'mutation ($input: EnableUserInput!) { enableUser(input: $input) { userId status } }';
const ACCEPT = `mutation ($input: AcceptInvitationInput!) { acceptInvitation(input: $input) { membership { slug } } }`;
const JOIN = 'mutation ($input: JoinByInvitationInput!) { joinByInvitation(input: $input) { email tenantSlug } }';

const login = (username: string) => test.post('/auth/login', { username, password: DEMO_PASSWORD });
const platformAudit = async () => (await test.audit(null)).at(-1);

describe('A suspended tenant', () => {
  it('lets nobody in, and its tokens end; reactivated it is as it was', async () => {
    const globex = await test.tenantId('globex');
    const { body } = await login('gus');
    const position = await feedPosition(test);
    expect(await test.ask(SUSPEND, root, { input: { id: globex, reason: 'unpaid' } })).toEqual({
      data: { suspendTenant: { tenantId: globex, status: 'suspended' } },
    });
    expect(await revokedSince(test, position)).toEqual([`tenant:${globex}`]);
    expect((await test.audit(globex)).at(-1)).toMatchObject({
      action: 'identity.suspend-tenant',
      actor: { id: await test.userId('root') },
      subject: { type: 'Tenant', id: globex },
    });
    expect((await login('gus')).status).toBe(401);
    expect(await test.ask(REACTIVATE, root, { input: { id: globex } })).toEqual({
      data: { reactivateTenant: { tenantId: globex, status: 'active' } },
    });
    expect((await login('gus')).status).toBe(200);
    expect((await test.post('/auth/refresh', { refreshToken: body.refreshToken })).status).toBe(200);
  });

  it('stays as it is when it is suspended again, without another word', async () => {
    await test.identity.administration.createTenant({ slug: 'twice', name: 'Twice' });
    await test.identity.administration.suspendTenant('twice', 'unpaid');
    const position = await feedPosition(test);
    const before = (await test.audit(await test.tenantId('twice'))).length;
    await test.identity.administration.suspendTenant('twice', 'unpaid');
    expect(await feedPosition(test)).toBe(position);
    expect(await test.audit(await test.tenantId('twice'))).toHaveLength(before);
  });

  it('keeps what was written as the reason out of the chain, because it may name people', async () => {
    await test.identity.administration.createTenant({ slug: 'named', name: 'Named' });
    await test.identity.administration.suspendTenant('named', 'Mr Smith does not pay');
    expect(JSON.stringify(await test.audit(await test.tenantId('named')))).not.toContain('Smith');
    expect(
      await test.rows(`select data ->> 'reason' as reason from audit_personal where tenant_id = $1`, [
        await test.tenantId('named'),
      ]),
    ).toEqual([{ reason: 'Mr Smith does not pay' }]);
  });
});

describe('A disabled person', () => {
  it('loses sessions, API keys, open invitations and links in every tenant', async () => {
    const eve = await makePerson(test, { name: 'eve', roles: ['admin'] });
    const acme = await test.tenantId('acme');
    const context = await eve.context();
    const key = newId();
    await test.rows(
      `insert into api_keys (tenant_id, id, name, secret_hash, scopes, created_by, expires_at)
       values ($1, $2, 'key', '', '{}', $3, stack_now() + interval '1 day')`,
      [acme, key, eve.userId],
    );
    await test.rows(
      `insert into invitations (tenant_id, id, email, roles, invited_by, expires_at)
       values ($1, $2, 'x@y.test', '{viewer}', $3, stack_now() + interval '1 day')`,
      [acme, newId(), eve.userId],
    );
    await test.rows(
      `insert into one_time_tokens (hash, purpose, subject, email, expires_at)
       values ('\\x00', 'reset-password', $1, $2, stack_now() + interval '1 day')`,
      [eve.userId, eve.email],
    );
    const position = await feedPosition(test);
    expect(await test.ask(DISABLE, root, { input: { id: eve.userId, reason: 'left the company' } })).toEqual({
      data: { disableUser: { userId: eve.userId, status: 'DISABLED' } },
    });
    expect(await revokedSince(test, position)).toEqual([
      `session:${context.sessionId}`,
      `user:${eve.userId}`,
      `apiKey:${key}`,
    ]);
    expect(
      await test.rows(
        `select (select count(*) from sessions where user_id = $1 and ended_at is null)::int as sessions,
           (select count(*) from api_keys where created_by = $1 and revoked_at is null)::int as keys,
           (select count(*) from invitations where invited_by = $1 and status = 'open')::int as invitations,
           (select count(*) from one_time_tokens where subject = $1 and used_at is null)::int as links`,
        [eve.userId],
      ),
    ).toEqual([{ sessions: 0, keys: 0, invitations: 0, links: 0 }]);
    expect(await platformAudit()).toMatchObject({
      action: 'identity.disable-user',
      outcome: 'success',
      actor: { id: await test.userId('root') },
      subject: { type: 'User', id: eve.userId },
    });
    await expect(eve.context()).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('signs in again once enabled', async () => {
    const gus = await test.userId('gus');
    await test.ask(DISABLE, root, { input: { id: gus, reason: 'a test' } });
    expect((await login('gus')).status).toBe(401);
    expect(await test.ask(ENABLE, root, { input: { id: gus } })).toEqual({
      data: { enableUser: { userId: gus, status: 'ACTIVE' } },
    });
    expect((await login('gus')).status).toBe(200);
  });

  it('is never whoever disables', async () => {
    expect(await test.ask(DISABLE, root, { input: { id: await test.userId('root'), reason: 'a slip' } })).toMatchObject(
      {
        errors: [{ extensions: { code: 'CONFLICT' } }],
      },
    );
  });
});

describe("A platform administrator's work", () => {
  it.each([
    ['suspendTenant', SUSPEND, { reason: 'x' }],
    ['reactivateTenant', REACTIVATE, {}],
    ['disableUser', DISABLE, { reason: 'x' }],
    ['enableUser', ENABLE, {}],
  ])('%s is refused to an owner, for their own tenant and for any other', async (_field, mutation, more) => {
    for (const id of [await test.tenantId('acme'), await test.tenantId('globex'), await test.userId('bob'), 'nonsense'])
      expect(await test.ask(mutation, ada, { input: { id, ...more } })).toMatchObject({
        errors: [{ message: 'Only a platform administrator may do this.', extensions: { code: 'FORBIDDEN' } }],
      });
    expect((await test.audit(await test.tenantId('acme'))).at(-1)).toMatchObject({
      outcome: 'refused',
      actor: { id: await test.userId('ada') },
      reason: 'no platform administrator',
    });
    for (const id of [newId(), 'nonsense'])
      expect(await test.ask(mutation, root, { input: { id, ...more } })).toMatchObject({
        errors: [{ extensions: { code: 'NOT_FOUND' } }],
      });
  });
});

describe('The invitation of a first administrator', () => {
  const invite = (email: string, tenant: string) => test.identity.administration.inviteAdministrator({ email, tenant });
  const join = (token: string) =>
    test.ask(JOIN, anonymous, { input: { token, password: 'tractor in a pond', displayName: 'First' } });
  const isAdmin = async (email: string) =>
    (await test.rows<{ platform_admin: boolean }>('select platform_admin from users where email = $1', [email]))[0]
      ?.platform_admin;

  it('makes an account once, even for 5 who use it at once, and that is a platform administrator and owner', async () => {
    await test.identity.administration.createTenant({ slug: 'platform', name: 'Platform' });
    const { token, link, role } = await invite('First@ops.test', 'platform');
    expect([role, link]).toEqual(['owner', `http://127.0.0.1:8080/auth/invitation#token=${token}`]);
    expect(await test.mails('first@ops.test')).toEqual([]);
    const answers = await Promise.all(Array.from({ length: 5 }, () => join(token)));
    expect(answers.filter(({ errors }) => !errors)).toEqual([
      { data: { joinByInvitation: { email: 'first@ops.test', tenantSlug: 'platform' } } },
    ]);
    expect((await join(token)).errors[0].extensions.code).toBe('UNAUTHENTICATED');
    expect(await isAdmin('first@ops.test')).toBe(true);
    expect(await invite('second@ops.test', 'platform')).toMatchObject({ role: 'member' });
  });

  it('holds for 24 hours, and no longer than until another one is made', async () => {
    const [first, second] = [await invite('late@ops.test', 'platform'), await invite('late@ops.test', 'platform')];
    expect((await join(first.token)).errors[0].extensions.code).toBe('UNAUTHENTICATED');
    await test.advance('24 hours');
    expect((await join(second.token)).errors[0].extensions.code).toBe('UNAUTHENTICATED');
    expect(await isAdmin('late@ops.test')).toBeUndefined();
  });

  it('makes an administrator of whoever has an account already, whose sessions go on under new ids', async () => {
    const zoe = await makePerson(test, { name: 'zoe', tenant: 'globex' });
    const as = await zoe.context();
    const { token } = await invite(zoe.email, 'platform');
    const position = await feedPosition(test);
    expect((await test.ask(ACCEPT, as, { input: { token } })).errors).toBeUndefined();
    expect(await isAdmin(zoe.email)).toBe(true);
    expect(await revokedSince(test, position)).toEqual([`user:${zoe.userId}`, `session:${as.sessionId}`]);
    expect((await zoe.context('platform')).caller.kind).toBe('platformAdmin');
  });

  it('is made by no mutation: an invitation by a tenant makes nobody an administrator', async () => {
    await test.ask('mutation ($input: InviteMemberInput!) { inviteMember(input: $input) { accepted } }', ada, {
      input: { email: 'plain@else.test', roles: ['owner'] },
    });
    const [mail] = await test.mails('plain@else.test');
    await join(/#token=(\S+)/.exec(mail!.text)![1]!);
    expect(await isAdmin('plain@else.test')).toBe(false);
  });
});

describe('An operator', () => {
  it('lists tenants and people in pages, makes and renames tenants, and makes people', async () => {
    const operator = test.identity.administration;
    await operator.createTenant({ slug: 'made', name: 'Made', plan: 'pro', owner: 'ada' });
    await operator.renameTenant('made', 'Made anew');
    const [made] = await operator.listTenants('madd');
    expect(made).toMatchObject({ slug: 'made', name: 'Made anew', plan: 'pro', status: 'active', members: 1 });
    await operator.createUser({
      email: 'handmade@else.test',
      displayName: 'Handmade',
      password: 'correct horse',
      tenant: 'made',
      roles: ['viewer'],
    });
    expect(await operator.listUsers('handmad')).toContainEqual(
      expect.objectContaining({
        email: 'handmade@else.test',
        tenants: ['made'],
        status: 'active',
        platformAdmin: false,
      }),
    );
    expect((await test.post('/auth/login', { email: 'handmade@else.test', password: 'correct horse' })).status).toBe(
      200,
    );
    expect((await test.audit(await test.tenantId('made'))).map(({ action, actor }) => [action, actor.kind])).toEqual([
      ['identity.create-tenant', 'operator'],
      ['identity.update-tenant', 'operator'],
      ['identity.create-user', 'operator'],
      ['identity.sign-in', 'user'],
    ]);
  });

  it('is told of names that are unknown, taken or malformed, and nothing is left half done', async () => {
    const operator = test.identity.administration;
    const person = { email: 'half@else.test', displayName: 'Half', password: 'secret', roles: ['viewer'] };
    await expect(operator.createTenant({ slug: 'acme', name: 'Twin' })).rejects.toMatchObject({ code: 'CONFLICT' });
    await expect(operator.createTenant({ slug: 'ownerless', name: 'X', owner: 'nobody' })).rejects.toThrow(
      'No such user.',
    );
    await expect(operator.createTenant({ slug: 'two-lines', name: 'Two\nlines' })).rejects.toMatchObject({
      code: 'BAD_USER_INPUT',
    });
    await expect(operator.renameTenant('nowhere', 'X')).rejects.toThrow('No such tenant.');
    await expect(operator.createUser({ ...person, tenant: 'nowhere' })).rejects.toThrow('No such tenant.');
    await expect(operator.createUser({ ...person, tenant: 'acme', roles: ['king'] })).rejects.toThrow(
      'There is no role "king".',
    );
    await expect(operator.disableUser('nobody', 'x')).rejects.toThrow('No such user.');
    expect(
      await test.rows(
        `select (select count(*) from tenants where slug = 'ownerless')::int as tenants,
           (select count(*) from users where email = 'half@else.test')::int as users`,
      ),
    ).toEqual([{ tenants: 0, users: 0 }]);
  });
});
