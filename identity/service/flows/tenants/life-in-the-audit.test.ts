import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { RequestContext, TenantId } from '@inevitable/contract';
import { anonymous, contextOfToken, openTestIdentity, type TestIdentity } from '../../testing/open-test-identity.js';

let test: TestIdentity;
beforeAll(async () => {
  test = await openTestIdentity();
});
afterAll(() => test.close());

/** Runs a mutation that must succeed; answers its payload. */
async function done(field: string, as: RequestContext, input: object, selection = '__typename') {
  const type = `${field[0]!.toUpperCase()}${field.slice(1)}Input`;
  const { data, errors } = await test.ask(
    `mutation ($input: ${type}!) { ${field}(input: $input) { ${selection} } }`,
    as,
    { input },
  );
  expect([field, errors]).toEqual([field, undefined]);
  return data[field];
}

const PASSWORD = 'tractor in a pond';
const tokenMailedTo = async (email: string): Promise<string> =>
  /#token=(\S+)/.exec((await test.mails(email)).at(-1)!.text)![1]!;
const signedIn = async (email: string) =>
  contextOfToken((await test.post('/auth/login', { email, password: PASSWORD })).body.accessToken);

it('The audit of a tenant has one event for each thing that its people do, named by whoever did it', async () => {
  const [ada, root] = [await test.as('ada'), await test.as('root')];
  await done('createTenant', ada, { slug: 'life', name: 'Life' });
  const life = await test.tenantId('life');
  await test.rows(`update tenants set plan = 'pro' where id = $1`, [life]);
  const { accessToken } = await done('switchTenant', ada, { tenant: 'life' }, 'accessToken');
  const owner = contextOfToken(accessToken);

  await done('updateTenant', owner, { name: 'A life' });
  const { role } = await done('createRole', owner, { name: 'helper', permissions: [] }, 'role { id }');
  await done('updateRole', owner, { id: role.id, permissions: ['starter:notes:read'] });
  await done('deleteRole', owner, { id: role.id });

  await done('inviteMember', owner, { email: 'eve@else.test', roles: ['member'] });
  const { data } = await test.ask('{ viewer { tenant { invitations { nodes { id } } } } }', owner);
  await done('revokeInvitation', owner, { id: data.viewer.tenant.invitations.nodes[0].id });
  await done('inviteMember', owner, { email: 'eve@else.test', roles: ['member'] });
  await done('joinByInvitation', anonymous, {
    token: await tokenMailedTo('eve@else.test'),
    password: PASSWORD,
    displayName: 'Eve',
  });
  const eve = await signedIn('eve@else.test');
  await done('inviteMember', owner, { email: 'bob@acme.test', roles: ['viewer'] });
  await done('acceptInvitation', await test.as('bob'), { token: await tokenMailedTo('bob@acme.test') });

  const memberships = await test.rows<{ id: string; email: string }>(
    'select m.id, u.email from memberships m join users u on u.id = m.user_id where m.tenant_id = $1',
    [life],
  );
  const membershipId = (email: string) => memberships.find((each) => each.email === email)!.id;
  await done('changeMemberRoles', owner, { membershipId: membershipId('eve@else.test'), roles: ['admin'] });
  await done('startMemberPasswordReset', owner, { membershipId: membershipId('eve@else.test') });
  await done('removeMember', owner, { membershipId: membershipId('bob@acme.test') });
  const again = await signedIn('eve@else.test');
  await done('endSession', again, { id: again.sessionId });
  await done('signOutEverywhere', await signedIn('eve@else.test'), {});
  await done('leaveTenant', await signedIn('eve@else.test'), { tenant: 'life' });
  await done('suspendTenant', root, { id: life, reason: 'a test' });
  await done('reactivateTenant', root, { id: life });

  const named = async (tenantId: TenantId | null) => {
    const people = await test.rows<{ id: string; name: string }>('select id, display_name as name from users');
    const nameOf = (id: string | null) => people.find((person) => person.id === id)?.name ?? 'nobody';
    const events = await test.audit(tenantId);
    expect(events.filter(({ outcome }) => outcome !== 'success')).toEqual([]);
    return events.map(({ action, actor }) => `${nameOf(actor.id)}: ${action.replace('identity.', '')}`);
  };
  expect(await named(life)).toEqual([
    'Ada: create-tenant',
    'Ada: switch-tenant',
    'Ada: update-tenant',
    'Ada: create-role',
    'Ada: update-role',
    'Ada: delete-role',
    'Ada: invite-member',
    'Ada: revoke-invitation',
    'Ada: invite-member',
    'Eve: join-by-invitation',
    'Eve: sign-in',
    'Ada: invite-member',
    'Bob: accept-invitation',
    'Ada: change-member-roles',
    'Ada: start-password-reset',
    'Ada: remove-member',
    'Eve: sign-in',
    'Eve: end-session',
    'Eve: sign-in',
    'Eve: sign-out-everywhere',
    'Eve: sign-in',
    'Eve: leave-tenant',
    'Root: suspend-tenant',
    'Root: reactivate-tenant',
  ]);

  const platform = (await named(null)).length;
  const { caller } = eve as { readonly caller: { readonly userId: string } };
  await test.identity.administration.inviteAdministrator({ email: 'zoe@else.test', tenant: 'life' });
  await done('disableUser', root, { id: caller.userId, reason: 'a test' });
  await done('enableUser', root, { id: caller.userId });
  expect((await named(null)).slice(platform)).toEqual([
    'nobody: invite-administrator',
    'Root: disable-user',
    'Root: enable-user',
  ]);
});
