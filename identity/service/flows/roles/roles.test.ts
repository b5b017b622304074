import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { RequestContext } from '@inevitable/contract';
import { feedPosition, makePerson, revokedSince } from '../../testing/make-person.js';
import { openTestIdentity, type TestIdentity } from '../../testing/open-test-identity.js';

let test: TestIdentity;
let ada: RequestContext;
beforeAll(async () => {
  test = await openTestIdentity();
  ada = await test.as('ada');
});
afterAll(() => test.close());

const ROLE = '{ role { id name permissions } }';
const create = (name: string, permissions: string[], as = ada) =>
  test.ask(`mutation ($input: CreateRoleInput!) { createRole(input: $input) ${ROLE} }`, as, {
    input: { name, permissions },
  });
const update = (id: string, permissions: string[], as = ada) =>
  test.ask(`mutation ($input: UpdateRoleInput!) { updateRole(input: $input) ${ROLE} }`, as, {
    input: { id, permissions },
  });
const remove = (id: string, as = ada) =>
  test.ask('mutation ($input: DeleteRoleInput!) { deleteRole(input: $input) { roleId } }', as, { input: { id } });
const made = async (name: string, permissions: string[]): Promise<string> =>
  (await create(name, permissions)).data.createRole.role.id;
const lastAudit = async () => (await test.audit(await test.tenantId('acme'))).at(-1);

describe("A tenant's own role", () => {
  it('allows what it lists, and is among the roles of the tenant', async () => {
    expect(await create('auditor', ['starter:notes:read', 'identity:audit:admin', 'starter:notes:read'])).toMatchObject(
      {
        data: {
          createRole: { role: { name: 'auditor', permissions: ['identity:audit:admin', 'starter:notes:read'] } },
        },
      },
    );
    const eve = await makePerson(test, { name: 'eve', roles: ['auditor'] });
    const context = await eve.context();
    expect(context.roles).toEqual(['auditor']);
    expect([...context.may]).toEqual(['identity:audit:admin', 'starter:notes:read']);
    expect(
      (await test.ask('{ viewer { tenant { roles { nodes { name permissions } } } } }', ada)).data.viewer.tenant.roles,
    ).toEqual({ nodes: [{ name: 'auditor', permissions: ['identity:audit:admin', 'starter:notes:read'] }] });
    expect(
      (await test.audit(await test.tenantId('acme'))).filter(({ action }) => action === 'identity.create-role'),
    ).toMatchObject([{ outcome: 'success', details: { name: 'auditor' } }]);
  });

  it('gives nothing in another tenant that has a role of the same name', async () => {
    await made('shared-name', ['starter:notes:write']);
    const eve = await makePerson(test, { name: 'elsewhere', tenant: 'globex', roles: ['shared-name'] });
    expect([...(await eve.context()).may]).toEqual([]);
  });

  it('is written by no tenant whose plan has none', async () => {
    expect(await create('auditor', [], await test.as('gus'))).toMatchObject({
      errors: [{ extensions: { code: 'NOT_ENTITLED', feature: 'identity.custom-roles' } }],
    });
  });

  it.each([
    ['owner', [], 'input.name'],
    ['viewer', [], 'input.name'],
    ['Has Spaces', [], 'input.name'],
    ['unheard-of', ['nobody:knows:this'], 'input.permissions'],
  ])('is not written as %s with %j', async (name, permissions, field) => {
    expect(await create(name, permissions)).toMatchObject({
      errors: [{ extensions: { code: 'BAD_USER_INPUT', field } }],
    });
  });

  it('is one of its name', async () => {
    await made('unique', []);
    expect(await create('unique', [])).toMatchObject({
      errors: [{ extensions: { code: 'CONFLICT', field: 'input.name' } }],
    });
  });

  it('is given no permission that its author has not, and loses none that they have not', async () => {
    const keeper = await made('role-keeper', ['identity:roles:admin', 'starter:notes:read']);
    const other = await made('strong', ['identity:tenant:admin']);
    const eve = await makePerson(test, { name: 'keeper', roles: ['role-keeper'] });
    const as = await eve.context();
    const refused = {
      errors: [{ message: 'You may not give or take these permissions.', extensions: { code: 'FORBIDDEN' } }],
    };
    expect(await create('mine', ['identity:tenant:admin'], as)).toMatchObject(refused);
    expect(await lastAudit()).toMatchObject({
      action: 'identity.create-role',
      outcome: 'refused',
      actor: { id: eve.userId },
      reason: '"identity:tenant:admin" is beyond the caller\'s own permissions',
    });
    expect(await update(keeper, ['identity:roles:admin', 'starter:notes:write'], as)).toMatchObject(refused);
    expect(await update(other, [], as)).toMatchObject(refused);
    expect((await create('mine', ['starter:notes:read'], as)).errors).toBeUndefined();
  });

  it('is written by nobody who may not administer roles', async () => {
    const id = await made('of-others', []);
    const bob = await test.as('bob');
    const unheardOf = await create('mine', ['nobody:knows:this'], bob);
    for (const answer of [unheardOf, await create('mine', [], bob), await update(id, [], bob), await remove(id, bob)])
      expect(answer).toMatchObject({ errors: [{ extensions: { code: 'FORBIDDEN' } }] });
  });

  it('that changes ends the tokens of those who have it, whose sessions go on under new ids', async () => {
    const id = await made('shifting', ['starter:notes:write']);
    const [eve, zoe] = [
      await makePerson(test, { name: 'has-it', roles: ['shifting'] }),
      await makePerson(test, { name: 'has-it-not', roles: ['viewer'] }),
    ];
    const before = await eve.context();
    await zoe.context();
    const position = await feedPosition(test);
    expect((await update(id, ['starter:notes:read'])).data.updateRole.role.permissions).toEqual(['starter:notes:read']);
    expect(await revokedSince(test, position)).toEqual([
      `membership:${await test.tenantId('acme')}/${eve.userId}`,
      `session:${before.sessionId}`,
    ]);
    expect(await lastAudit()).toMatchObject({
      action: 'identity.update-role',
      subject: { type: 'TenantRole', id },
      details: { added: ['starter:notes:read'], removed: ['starter:notes:write'] },
    });
    expect([...(await eve.context()).may]).toEqual(['starter:notes:read']);
  });

  it('is not taken away from those who have it, nor from those who are invited to it', async () => {
    const id = await made('in-use', []);
    const eve = await makePerson(test, { name: 'in-use', roles: ['in-use'] });
    const conflict = { errors: [{ extensions: { code: 'CONFLICT' } }] };
    expect(await remove(id)).toMatchObject(conflict);
    await test.rows(`update memberships set roles = '{viewer}' where id = $1`, [eve.membershipId]);
    await test.ask('mutation ($input: InviteMemberInput!) { inviteMember(input: $input) { accepted } }', ada, {
      input: { email: 'x@y.test', roles: ['in-use'] },
    });
    expect(await remove(id)).toMatchObject(conflict);
    await test.advance('7 days');
    expect(await remove(id)).toEqual({ data: { deleteRole: { roleId: id } } });
    expect(await remove(id)).toMatchObject({ errors: [{ extensions: { code: 'NOT_FOUND' } }] });
  });

  it('goes on to hold when the plan has none any more, and can only be taken away', async () => {
    const id = await made('kept', ['starter:notes:read']);
    const eve = await makePerson(test, { name: 'kept', roles: ['kept'] });
    await test.rows(`update tenants set plan = 'free' where slug = 'acme'`);
    expect([...(await eve.context()).may]).toEqual(['starter:notes:read']);
    expect(await update(id, [])).toMatchObject({ errors: [{ extensions: { code: 'NOT_ENTITLED' } }] });
    await test.rows(`update memberships set roles = '{viewer}' where id = $1`, [eve.membershipId]);
    expect((await remove(id)).errors).toBeUndefined();
    await test.rows(`update tenants set plan = 'pro' where slug = 'acme'`);
  });
});

describe('The catalogue of permissions', () => {
  it('has what the products declare, and identity’s own', async () => {
    const { data } = await test.ask('{ permissionCatalogue }', await test.as('bob'));
    expect(data.permissionCatalogue).toEqual(test.flows.permissions());
    expect(data.permissionCatalogue).toContain('identity:roles:admin');
  });
});
