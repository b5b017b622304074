import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { RequestContext } from '@inevitable/contract';
import { makePerson } from '../../testing/make-person.js';
import { anonymous, openTestIdentity, type TestIdentity } from '../../testing/open-test-identity.js';

let test: TestIdentity;
let ada: RequestContext;
beforeAll(async () => {
  test = await openTestIdentity();
  ada = await test.as('ada');
});
afterAll(() => test.close());

const INVITE = 'mutation ($input: InviteMemberInput!) { inviteMember(input: $input) { accepted } }';
const ACCEPT = `mutation ($input: AcceptInvitationInput!) {
  acceptInvitation(input: $input) { membership { slug name roles isCurrent } } }`;
const JOIN = 'mutation ($input: JoinByInvitationInput!) { joinByInvitation(input: $input) { email tenantSlug } }';
const INVITATIONS =
  '{ viewer { tenant { invitations(first: 100) { nodes { id email roles status invitedBy { username } } } } } }';
const REVOKE =
  'mutation ($input: RevokeInvitationInput!) { revokeInvitation(input: $input) { invitation { email status } } }';

const invite = (email: string, roles = ['member'], as = ada) => test.ask(INVITE, as, { input: { email, roles } });
const accept = (token: string, as: RequestContext) => test.ask(ACCEPT, as, { input: { token } });
const join = (token: string, more: object = {}) =>
  test.ask(JOIN, anonymous, { input: { token, password: 'tractor in a pond', displayName: 'Joined', ...more } });

/** What the link carries that was mailed last. */
async function tokenFor(email: string): Promise<string> {
  const mails = await test.mails(email);
  return /#token=(\S+)/.exec(mails.at(-1)!.text)![1]!;
}
async function invited(email: string, roles?: string[]): Promise<string> {
  expect(await invite(email, roles)).toEqual(sent);
  return tokenFor(email);
}
const invitationTo = async (email: string) =>
  (await test.ask(INVITATIONS, ada)).data.viewer.tenant.invitations.nodes.filter(
    (invitation: { email: string }) => invitation.email === email,
  );
const lastOf = async (tenant: 'acme' | null, action: string) =>
  (await test.audit(tenant && (await test.tenantId(tenant)))).filter((event) => event.action === action).at(-1);

const sent = { data: { inviteMember: { accepted: true } } };
const refused = (field: string, code: string, message: string) => ({
  data: { [field]: null },
  errors: [expect.objectContaining({ message, extensions: expect.objectContaining({ code }) })],
});
const noInvitation = refused('acceptInvitation', 'NOT_FOUND', 'No such invitation.');
const deadLink = refused('joinByInvitation', 'UNAUTHENTICATED', 'This link does not work any more. Ask for a new one.');

describe('An invitation', () => {
  it('is the same answer for a member, a person of another tenant, a stranger, and one who is invited already', async () => {
    const answers = [];
    for (const email of ['bob@acme.test', 'gus@globex.test', 'nobody@else.test', ' NOBODY@else.test'])
      answers.push(await invite(email));
    expect(answers).toEqual([sent, sent, sent, sent]);
    expect(await test.mails('bob@acme.test')).toEqual([]);
    expect(await test.mails('gus@globex.test')).toHaveLength(1);
    expect(await test.mails('nobody@else.test')).toHaveLength(2);
  });

  it('carries nothing into the mail that somebody has written but the short name of the tenant', async () => {
    await invited('mailed@else.test');
    const [mail] = await test.mails('mailed@else.test');
    expect(mail).toMatchObject({ kind: 'invitation', subject: 'You are invited to "acme"' });
    expect(mail!.text).toContain('http://127.0.0.1:8080/auth/invitation#token=');
    expect(mail!.text).not.toContain('Acme');
  });

  it('makes the person a member who has the verified address it went to, with its roles, once', async () => {
    const eve = await makePerson(test, { name: 'eve', tenant: 'globex' });
    const token = await invited('eve@acme.test', ['viewer']);
    const as = await eve.context();
    const membership = { slug: 'acme', name: 'Acme', roles: ['viewer'], isCurrent: false };
    expect(await accept(token, as)).toEqual({ data: { acceptInvitation: { membership } } });
    expect(await accept(token, as)).toMatchObject(noInvitation);
    expect((await eve.context('acme')).roles).toEqual(['viewer']);
    expect(await invitationTo('eve@acme.test')).toMatchObject([{ status: 'ACCEPTED', invitedBy: { username: 'ada' } }]);
    expect(await lastOf('acme', 'identity.accept-invitation')).toMatchObject({
      outcome: 'success',
      actor: { kind: 'user', id: eve.userId },
      details: { roles: ['viewer'] },
    });
  });

  it('is accepted once by 10 who try at once', async () => {
    const eve = await makePerson(test, { name: 'hasty', tenant: 'globex' });
    const [token, as] = [await invited('hasty@acme.test'), await eve.context()];
    const answers = await Promise.all(Array.from({ length: 10 }, () => accept(token, as)));
    expect(answers.filter(({ errors }) => !errors)).toHaveLength(1);
  });

  it('is none for another person, for an unproved address, and for whoever has changed their address', async () => {
    const mallory = await makePerson(test, { name: 'mallory', tenant: 'globex' });
    const ivy = await makePerson(test, { name: 'ivy', tenant: 'globex' });
    const token = await invited('ivy@acme.test');
    expect(await accept(token, await mallory.context())).toMatchObject(noInvitation);
    expect(await lastOf(null, 'identity.accept-invitation')).toMatchObject({
      outcome: 'refused',
      actor: { id: mallory.userId },
      reason: 'not to the verified address of this person',
    });
    const as = await ivy.context();
    await test.rows('update users set email_verified_at = null where id = $1', [ivy.userId]);
    expect(await accept(token, as)).toMatchObject(noInvitation);
    await test.rows(`update users set email_verified_at = stack_now(), email = 'ivy@new.test' where id = $1`, [
      ivy.userId,
    ]);
    expect(await accept(token, as)).toMatchObject(noInvitation);
    await test.rows(`update users set email = 'ivy@acme.test' where id = $1`, [ivy.userId]);
    expect(await accept(token, as)).not.toHaveProperty('errors');
  });

  it('holds no more after 7 days, once it was taken back, and once another one took its place', async () => {
    const zoe = await makePerson(test, { name: 'zoe', tenant: 'globex' });
    const [first, second] = [await invited('zoe@acme.test'), await invited('zoe@acme.test')];
    expect(await accept(first, await zoe.context())).toMatchObject(noInvitation);
    const [{ id }] = (await invitationTo('zoe@acme.test')).filter(
      ({ status }: { status: string }) => status === 'OPEN',
    );
    expect(await test.ask(REVOKE, ada, { input: { id } })).toEqual({
      data: { revokeInvitation: { invitation: { email: 'zoe@acme.test', status: 'REVOKED' } } },
    });
    expect(await accept(second, await zoe.context())).toMatchObject(noInvitation);
    expect(await test.ask(REVOKE, ada, { input: { id } })).toMatchObject(
      refused('revokeInvitation', 'NOT_FOUND', 'No such invitation.'),
    );
    const third = await invited('zoe@acme.test');
    await test.advance('7 days');
    expect(await accept(third, await zoe.context())).toMatchObject(noInvitation);
  });

  it('gives nothing any more that whoever sent it could not give by now', async () => {
    const oz = await makePerson(test, { name: 'oz', roles: ['owner'] });
    const pat = await makePerson(test, { name: 'pat', tenant: 'globex' });
    expect(await invite('pat@acme.test', ['admin'], await oz.context())).toEqual(sent);
    const token = await tokenFor('pat@acme.test');
    await test.rows(`update memberships set roles = '{admin}' where id = $1`, [oz.membershipId]);
    expect(await accept(token, await pat.context())).toMatchObject(noInvitation);
    await test.rows(`update memberships set roles = '{owner}', status = 'ended' where id = $1`, [oz.membershipId]);
    expect(await accept(token, await pat.context())).toMatchObject(noInvitation);
    await test.rows(`update memberships set status = 'active' where id = $1`, [oz.membershipId]);
    await test.rows(`update users set status = 'disabled' where id = $1`, [oz.userId]);
    expect(await accept(token, await pat.context())).toMatchObject(noInvitation);
    await test.rows(`update users set status = 'active' where id = $1`, [oz.userId]);
    expect(await accept(token, await pat.context())).not.toHaveProperty('errors');
  });

  it('leaves a member the roles they have, and gives a former one those it names', async () => {
    const max = await makePerson(test, { name: 'max', tenant: 'globex' });
    const token = await invited('max@acme.test', ['viewer']);
    await test.rows(`insert into memberships (tenant_id, id, user_id, roles) values ($1, $2, $3, '{member}')`, [
      await test.tenantId('acme'),
      max.membershipId,
      max.userId,
    ]);
    const as = await max.context('globex');
    expect((await accept(token, as)).data.acceptInvitation.membership.roles).toEqual(['member']);
    await test.rows(`update memberships set status = 'ended' where tenant_id = $1 and user_id = $2`, [
      await test.tenantId('acme'),
      max.userId,
    ]);
    expect(
      (await accept(await invited('max@acme.test', ['viewer']), as)).data.acceptInvitation.membership.roles,
    ).toEqual(['viewer']);
  });

  it('is sent by nobody who may not, and with no role that is beyond them', async () => {
    const bob = await test.as('bob');
    expect(await invite('x@else.test', ['member'], bob)).toMatchObject(
      refused('inviteMember', 'FORBIDDEN', 'This needs the permission "identity:members:admin".'),
    );
    expect(await lastOf('acme', 'identity.invite-member')).toMatchObject({
      outcome: 'refused',
      reason: 'without "identity:members:admin"',
    });
    const admin = await (await makePerson(test, { name: 'abe', roles: ['admin'] })).context();
    for (const role of ['owner', 'admin'])
      expect(await invite('x@else.test', [role], admin)).toMatchObject(
        refused('inviteMember', 'FORBIDDEN', 'You may not give these roles.'),
      );
    const narrowed = { ...ada, may: new Set(['identity:members:admin']) };
    expect(await invite('x@else.test', ['viewer'], narrowed)).toMatchObject({ data: { inviteMember: null } });
    expect(await invite('x@else.test', ['nobodys-role'])).toMatchObject({
      errors: [{ message: 'There is no role "nobodys-role".', extensions: { field: 'input.roles' } }],
    });
    expect(await test.mails('x@else.test')).toEqual([]);
  });

  it('goes to people of certain domains alone where the tenant says so', async () => {
    const settings = (inviteDomains: string[]) =>
      test.ask(
        'mutation ($input: UpdateTenantInput!) { updateTenant(input: $input) { tenant { settings { inviteDomains } } } }',
        ada,
        {
          input: { settings: { inviteDomains } },
        },
      );
    expect((await settings(['Else.test'])).data.updateTenant.tenant.settings).toEqual({ inviteDomains: ['else.test'] });
    expect(await invite('someone@evil-else.test')).toMatchObject({
      errors: [{ extensions: { code: 'BAD_USER_INPUT', field: 'input.email' } }],
    });
    expect(await invite('domain@else.test')).toEqual(sent);
    await settings([]);
  });

  it('floods no mailbox: the sixth within an hour is the same answer and no mail, and those before go on working', async () => {
    for (let n = 0; n < 6; n++) expect(await invite('flooded@else.test')).toEqual(sent);
    expect(await test.mails('flooded@else.test')).toHaveLength(5);
    expect(await join(await tokenFor('flooded@else.test'))).toMatchObject({ data: { joinByInvitation: {} } });
  });

  it('stands in no dump of the database', async () => {
    const token = await invited('dumped@else.test');
    const [dump] = await test.rows<{ text: string }>(
      `select (select string_agg(o::text, ' ') from one_time_tokens o) || (select string_agg(m::text, ' ') from mails m)
         || (select string_agg(i::text, ' ') from invitations i) as text`,
    );
    expect(dump!.text).not.toContain(token);
    expect(dump!.text).not.toContain(Buffer.from(token).toString('hex'));
  });
});

describe('Whoever is invited and has no account', () => {
  it('makes one with the link, and signs in with the password they chose', async () => {
    const token = await invited('new@else.test', ['viewer']);
    expect(await join(token, { username: 'newcomer' })).toEqual({
      data: { joinByInvitation: { email: 'new@else.test', tenantSlug: 'acme' } },
    });
    const login = await test.post('/auth/login', { email: 'new@else.test', password: 'tractor in a pond' });
    expect(login.status).toBe(200);
    expect(await join(token)).toMatchObject(deadLink);
    expect(
      await test.rows(`select email_verified_at is not null as verified from users where username = 'newcomer'`),
    ).toEqual([{ verified: true }]);
  });

  it('does so at the page that the link leads to, too, or by its JSON', async () => {
    const page = await test.subgraph.fetch(new Request('http://stack.test/auth/invitation'), anonymous);
    expect([page.status, await page.text()]).toEqual([200, expect.stringContaining('Accept the invitation')]);
    const token = await invited('page@else.test');
    const asked = { token, password: 'tractor in a pond', displayName: 'Page' };
    expect(await test.post('/auth/invitation', asked)).toMatchObject({
      status: 200,
      body: { email: 'page@else.test', tenantSlug: 'acme' },
    });
    expect(await test.post('/auth/invitation', asked)).toMatchObject({
      status: 401,
      body: { error: { code: 'UNAUTHENTICATED' } },
    });
  });

  it('is one person, however often the link is used at once', async () => {
    const token = await invited('often@else.test');
    const answers = await Promise.all(Array.from({ length: 5 }, () => join(token)));
    expect(answers.filter(({ errors }) => !errors)).toHaveLength(1);
    expect(await test.rows(`select count(*)::int from users where email = 'often@else.test'`)).toEqual([{ count: 1 }]);
  });

  it('is told to sign in where there is an account, which nobody learns without the link', async () => {
    await makePerson(test, { name: 'known', tenant: 'globex' });
    const token = await invited('known@acme.test');
    expect(await join(token)).toMatchObject({ errors: [{ extensions: { code: 'CONFLICT' } }] });
    expect(await join('a guess')).toMatchObject(deadLink);
  });

  it('keeps the link where the password is easy to guess, and where the user name is taken', async () => {
    const token = await invited('careless@else.test');
    for (const password of ['short', 'password1', 'acme acme', 'careless1'])
      expect(await join(token, { password })).toMatchObject({ errors: [{ extensions: { field: 'input.password' } }] });
    expect(await join(token, { username: 'ADA' })).toMatchObject({
      errors: [{ message: 'That user name is taken.', extensions: { code: 'CONFLICT', field: 'input.username' } }],
    });
    expect(await join(token)).not.toHaveProperty('errors');
  });
});
