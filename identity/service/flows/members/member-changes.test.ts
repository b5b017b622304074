import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { RequestContext } from '@inevitable/contract';
import { newId } from '@inevitable/kit';
import { feedPosition, makePerson, revokedSince, type Person } from '../../testing/make-person.js';
import { openTestIdentity, type TestIdentity } from '../../testing/open-test-identity.js';

let test: TestIdentity;
let ada: RequestContext;
beforeAll(async () => {
  test = await openTestIdentity();
  ada = await test.as('ada');
});
afterAll(() => test.close());

const CHANGE = `mutation ($input: ChangeMemberRolesInput!) {
  changeMemberRoles(input: $input) { membership { user { username } roles status } } }`;
const REMOVE = 'mutation ($input: RemoveMemberInput!) { removeMember(input: $input) { membership { id status } } }';
const LEAVE = 'mutation ($input: LeaveTenantInput!) { leaveTenant(input: $input) { tenantId } }';

const change = (membershipId: string, roles: string[], as = ada) =>
  test.ask(CHANGE, as, { input: { membershipId, roles } });
const remove = (membershipId: string, as = ada) => test.ask(REMOVE, as, { input: { membershipId } });
const leave = (tenant: string, as: RequestContext) => test.ask(LEAVE, as, { input: { tenant } });

let made = 0;
const member = (...roles: string[]): Promise<Person> =>
  makePerson(test, { name: `member${(made += 1)}`, roles: roles.length ? roles : ['member'] });
const sessionsOf = ({ userId }: Person) =>
  test.rows<{ id: string; ended: boolean }>(
    'select id, ended_at is not null as ended from sessions where user_id = $1 order by id',
    [userId],
  );
const rolesOf = async ({ membershipId }: Person) =>
  (
    await test.rows<{ roles: string[]; status: string }>('select roles, status from memberships where id = $1', [
      membershipId,
    ])
  )[0]!;
const lastAudit = async () => (await test.audit(await test.tenantId('acme'))).at(-1);
const lastOwner = {
  message: 'A tenant keeps at least one owner: make somebody else an owner first.',
  extensions: { code: 'CONFLICT' },
};

describe('A change of roles', () => {
  it('ends the tokens of the member, whose sessions go on under new ids', async () => {
    const eve = await member();
    await eve.context();
    const [before] = await sessionsOf(eve);
    const position = await feedPosition(test);
    expect(await change(eve.membershipId, ['viewer', 'viewer'])).toMatchObject({
      data: { changeMemberRoles: { membership: { roles: ['viewer'], status: 'active' } } },
    });
    expect(await revokedSince(test, position)).toEqual([
      `membership:${await test.tenantId('acme')}/${eve.userId}`,
      `session:${before!.id}`,
    ]);
    const [after, ...more] = await sessionsOf(eve);
    expect(more).toEqual([]);
    expect(after).toEqual({ id: expect.not.stringMatching(before!.id), ended: false });
    expect((await eve.context()).may.has('starter:notes:write')).toBe(false);
  });

  it('keeps the refresh token of the member good', async () => {
    const { body } = await test.post('/auth/login', { username: 'bob', password: 'correct horse' });
    const [bob] = await test.rows<{ id: string }>('select id from memberships where user_id = $1', [
      await test.userId('bob'),
    ]);
    await change(bob!.id, ['viewer']);
    const refreshed = await test.post('/auth/refresh', { refreshToken: body.refreshToken });
    expect(refreshed.status).toBe(200);
    await change(bob!.id, ['member']);
    expect((await test.post('/auth/refresh', { refreshToken: refreshed.body.refreshToken })).status).toBe(200);
  });

  it('to the same roles changes nothing, and tells nobody', async () => {
    const eve = await member('viewer', 'member');
    const position = await feedPosition(test);
    const before = (await test.audit(await test.tenantId('acme'))).length;
    expect((await change(eve.membershipId, ['member', 'viewer'])).errors).toBeUndefined();
    expect(await revokedSince(test, position)).toEqual([]);
    expect(await test.audit(await test.tenantId('acme'))).toHaveLength(before);
  });

  it('is in the audit with the roles before and after, and with who made it', async () => {
    const eve = await member();
    await change(eve.membershipId, ['viewer']);
    expect(await lastAudit()).toMatchObject({
      action: 'identity.change-member-roles',
      outcome: 'success',
      actor: { kind: 'user', id: await test.userId('ada') },
      subject: { type: 'Membership', id: eve.membershipId },
      details: { before: ['member'], after: ['viewer'] },
    });
  });

  it.each([
    ['an admin makes another admin', 'admin', ['member'], ['admin']],
    ['an admin makes an owner', 'admin', ['member'], ['owner']],
    ['an admin unmakes an admin', 'admin', ['admin'], ['member']],
    ['an admin unmakes an owner', 'admin', ['owner'], ['member']],
  ])('is refused where %s, and the reason is in the audit alone', async (_case, granter, before, after) => {
    const [by, target] = [await member(granter), await member(...before)];
    expect(await change(target.membershipId, after, await by.context())).toMatchObject({
      errors: [{ message: 'You may not give or take these roles.', extensions: { code: 'FORBIDDEN' } }],
    });
    expect(await rolesOf(target)).toMatchObject({ roles: before });
    expect(await lastAudit()).toMatchObject({
      outcome: 'refused',
      reason: expect.stringMatching(/^only an owner makes or unmakes the role/),
      subject: { id: target.membershipId },
    });
    await test.rows(`update memberships set status = 'ended' where id = $1`, [target.membershipId]);
  });

  it('is judged by what the caller may do now, whatever their token says', async () => {
    const [by, target] = [await member('admin'), await member()];
    const as = await by.context();
    await change(by.membershipId, ['viewer']);
    expect(await change(target.membershipId, ['viewer'], as)).toMatchObject({
      errors: [{ extensions: { code: 'FORBIDDEN' } }],
    });
  });

  it('of oneself is no way to more', async () => {
    const by = await member('admin');
    expect(await change(by.membershipId, ['owner'], await by.context())).toMatchObject({
      errors: [{ extensions: { code: 'FORBIDDEN' } }],
    });
  });
});

describe('The last owner', () => {
  /** A tenant of its own with these owners. */
  async function tenantOf(slug: string, owners: number): Promise<Person[]> {
    await test.identity.administration.createTenant({ slug, name: slug });
    return Promise.all(
      Array.from({ length: owners }, (_, n) =>
        makePerson(test, { name: `${slug}${n}`, tenant: slug, roles: ['owner'] }),
      ),
    );
  }

  it('cannot be removed, be made something else, or leave', async () => {
    const [only] = await tenantOf('alone', 1);
    const as = await only!.context();
    expect(await remove(only!.membershipId, as)).toMatchObject({ errors: [lastOwner] });
    expect(await change(only!.membershipId, ['admin'], as)).toMatchObject({ errors: [lastOwner] });
    expect(await leave('alone', as)).toMatchObject({ errors: [lastOwner] });
    expect(await rolesOf(only!)).toEqual({ roles: ['owner'], status: 'active' });
  });

  it('is not one beside an owner who is disabled', async () => {
    const [one, other] = await tenantOf('shadow', 2);
    await test.rows(`update users set status = 'disabled' where id = $1`, [other!.userId]);
    expect(await leave('shadow', await one!.context())).toMatchObject({ errors: [lastOwner] });
  });

  it('stays when all owners go at once: by leaving, by removing each other, by unmaking each other', async () => {
    for (const [slug, go] of [
      ['leaving', (_other: Person, as: RequestContext) => leave('leaving', as)],
      ['removing', (other: Person, as: RequestContext) => remove(other.membershipId, as)],
      ['unmaking', (other: Person, as: RequestContext) => change(other.membershipId, ['viewer'], as)],
    ] as const) {
      const owners = await tenantOf(slug, 3);
      const contexts = await Promise.all(owners.map((owner) => owner.context()));
      await Promise.all(owners.map((_, n) => go(owners[(n + 1) % 3]!, contexts[n]!)));
      const left = await test.rows(
        `select from memberships where tenant_id = $1 and status = 'active' and 'owner' = any (roles)`,
        [await test.tenantId(slug)],
      );
      expect({ slug, ownersLeft: left.length }).toEqual({ slug, ownersLeft: 1 });
    }
  });
});

describe('Removing a member', () => {
  it('ends their sessions, API keys and open invitations in this tenant, and nothing elsewhere', async () => {
    const eve = await member('admin');
    const [acme, globex] = [await test.tenantId('acme'), await test.tenantId('globex')];
    await test.rows(`insert into memberships (tenant_id, id, user_id, roles) values ($1, $2, $3, '{admin}')`, [
      globex,
      newId(),
      eve.userId,
    ]);
    const keys = new Map<string, string>();
    for (const tenant of [acme, globex]) {
      keys.set(tenant, newId());
      await test.rows(
        `insert into api_keys (tenant_id, id, name, secret_hash, scopes, created_by, expires_at)
         values ($1, $2, 'key', '', '{}', $3, stack_now() + interval '1 day')`,
        [tenant, keys.get(tenant), eve.userId],
      );
      await test.rows(
        `insert into invitations (tenant_id, id, email, roles, invited_by, expires_at)
         values ($1, $2, 'x@y.test', '{viewer}', $3, stack_now() + interval '1 day')`,
        [tenant, newId(), eve.userId],
      );
    }
    const here = await eve.context('acme');
    const there = await eve.context('globex');
    const position = await feedPosition(test);

    expect(await remove(eve.membershipId)).toEqual({
      data: { removeMember: { membership: { id: eve.membershipId, status: 'ended' } } },
    });
    expect(await revokedSince(test, position)).toEqual([
      `session:${here.sessionId}`,
      `membership:${acme}/${eve.userId}`,
      `apiKey:${keys.get(acme)}`,
    ]);
    expect(await sessionsOf(eve)).toEqual([
      { id: here.sessionId, ended: true },
      { id: there.sessionId, ended: false },
    ]);
    expect(
      await test.rows(
        'select tenant_id, revoked_at is not null as revoked from api_keys where created_by = $1 order by created_at',
        [eve.userId],
      ),
    ).toEqual([
      { tenant_id: acme, revoked: true },
      { tenant_id: globex, revoked: false },
    ]);
    expect(
      await test.rows('select tenant_id, status from invitations where invited_by = $1 order by created_at', [
        eve.userId,
      ]),
    ).toEqual([
      { tenant_id: acme, status: 'revoked' },
      { tenant_id: globex, status: 'open' },
    ]);
    expect(await remove(eve.membershipId)).toMatchObject({ errors: [{ extensions: { code: 'NOT_FOUND' } }] });
  });

  it('is refused to whoever could not take their roles, and to whoever may not administer members', async () => {
    const [admin, other, plain] = [await member('admin'), await member('admin'), await member()];
    expect(await remove(other.membershipId, await admin.context())).toMatchObject({
      errors: [{ message: 'You may not remove this member.', extensions: { code: 'FORBIDDEN' } }],
    });
    expect(await remove(plain.membershipId, await plain.context())).toMatchObject({
      errors: [{ extensions: { code: 'FORBIDDEN' } }],
    });
    expect((await remove(plain.membershipId, await admin.context())).errors).toBeUndefined();
  });
});

describe('Leaving a tenant', () => {
  it('needs no permission, and ends what a removal ends', async () => {
    const eve = await member('viewer');
    const as = await eve.context();
    const position = await feedPosition(test);
    expect(await leave('acme', as)).toEqual({ data: { leaveTenant: { tenantId: await test.tenantId('acme') } } });
    expect(await revokedSince(test, position)).toEqual([
      `session:${as.sessionId}`,
      `membership:${await test.tenantId('acme')}/${eve.userId}`,
    ]);
    expect(await lastAudit()).toMatchObject({ action: 'identity.leave-tenant', actor: { id: eve.userId } });
  });

  it('that is not theirs answers as leaving one that does not exist', async () => {
    const as = await (await member()).context();
    expect(await leave('globex', as)).toEqual(await leave('nowhere', as));
  });
});

describe("A member's new password", () => {
  const RESET =
    'mutation ($input: StartMemberPasswordResetInput!) { startMemberPasswordReset(input: $input) { accepted } }';
  const reset = (membershipId: string, as = ada) => test.ask(RESET, as, { input: { membershipId } });

  it('is theirs to choose: an administrator starts it, and is answered nothing of it', async () => {
    const eve = await member();
    const answer = await reset(eve.membershipId);
    expect(answer).toEqual({ data: { startMemberPasswordReset: { accepted: true } } });
    const [mail] = await test.mails(eve.email);
    expect(mail!.kind).toBe('reset-password');
    expect(JSON.stringify(answer)).not.toContain(/#token=(\S+)/.exec(mail!.text)![1]!);
    expect(await lastAudit()).toMatchObject({
      action: 'identity.start-password-reset',
      outcome: 'success',
      actor: { id: await test.userId('ada') },
      subject: { type: 'User', id: eve.userId },
    });
  });

  it('is started by nobody who may not administer members', async () => {
    const eve = await member();
    expect(await reset(eve.membershipId, await eve.context())).toMatchObject({
      errors: [{ extensions: { code: 'FORBIDDEN' } }],
    });
    expect(await test.mails(eve.email)).toEqual([]);
  });
});
