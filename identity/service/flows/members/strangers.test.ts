import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { RequestContext } from '@inevitable/contract';
import { newId } from '@inevitable/kit';
import { makePerson, type Person } from '../../testing/make-person.js';
import { openTestIdentity, type TestIdentity } from '../../testing/open-test-identity.js';

let test: TestIdentity;
/** The owner of one tenant, with every permission there. */
let stranger: RequestContext;
let victim: Person;
/** What belongs to the other tenant, and the same of nobody. */
const theirs = { membership: '', role: newId(), invitation: newId(), session: '', tenant: '' };
const nobodys = { membership: newId(), role: newId(), invitation: newId(), session: newId(), tenant: newId() };

beforeAll(async () => {
  test = await openTestIdentity();
  await test.rows(`update tenants set plan = 'pro'`);
  stranger = await test.as('gus');
  victim = await makePerson(test, { name: 'victim', roles: ['custom'] });
  const acme = await test.tenantId('acme');
  await test.rows(
    `insert into tenant_roles (tenant_id, id, name, permissions) values ($1, $2, 'custom', '{starter:notes:read}')`,
    [acme, theirs.role],
  );
  await test.rows(
    `insert into invitations (tenant_id, id, email, roles, expires_at)
     values ($1, $2, 'x@y.test', '{viewer}', stack_now() + interval '1 day')`,
    [acme, theirs.invitation],
  );
  theirs.membership = victim.membershipId;
  theirs.session = (await victim.context()).sessionId!;
  theirs.tenant = acme;
});
afterAll(() => test.close());

type Ids = typeof theirs;

/** Every mutation that takes an id of something in a tenant: the input, by the ids it is to name. */
const MUTATIONS: Readonly<Record<string, (ids: Ids) => object>> = {
  changeMemberRoles: ({ membership }) => ({ membershipId: membership, roles: ['viewer'] }),
  removeMember: ({ membership }) => ({ membershipId: membership }),
  startMemberPasswordReset: ({ membership }) => ({ membershipId: membership }),
  revokeInvitation: ({ invitation }) => ({ id: invitation }),
  updateRole: ({ role }) => ({ id: role, permissions: [] }),
  deleteRole: ({ role }) => ({ id: role }),
  leaveTenant: ({ tenant }) => ({ tenant }),
  switchTenant: ({ tenant }) => ({ tenant }),
  endSession: ({ session }) => ({ id: session }),
};

const ask = (field: string, ids: Ids, as: RequestContext) => {
  const type = `${field[0]!.toUpperCase()}${field.slice(1)}Input`;
  return test.ask(`mutation ($input: ${type}!) { ${field}(input: $input) { __typename } }`, as, {
    input: MUTATIONS[field]!(ids),
  });
};

/** All that the stranger could have changed, as it is stored. */
const stored = () =>
  test.rows(
    `select (select jsonb_agg(to_jsonb(m) order by m.id) from memberships m where m.tenant_id = $1) as members,
       (select jsonb_agg(to_jsonb(r) order by r.id) from tenant_roles r where r.tenant_id = $1) as roles,
       (select jsonb_agg(to_jsonb(i) order by i.id) from invitations i where i.tenant_id = $1) as invitations,
       (select jsonb_agg(to_jsonb(s) order by s.id) from sessions s where s.tenant_id = $1) as sessions,
       (select jsonb_agg(to_jsonb(e) order by e.sequence) from audit_events e where e.tenant_id = $1) as audit,
       (select to_jsonb(t) from tenants t where t.id = $1) as tenant, (select count(*) from mails) as mails`,
    [theirs.tenant],
  );

describe("With every permission in one's own tenant", () => {
  it.each(Object.keys(MUTATIONS))(
    '%s answers for what is another tenant’s as for what is nobody’s, and changes nothing there',
    async (field) => {
      const before = await stored();
      const answer = await ask(field, theirs, stranger);
      expect(answer).toEqual(await ask(field, nobodys, stranger));
      expect(answer).toMatchObject({ data: { [field]: null }, errors: [{ extensions: { code: 'NOT_FOUND' } }] });
      expect(JSON.stringify(answer)).not.toContain(theirs.tenant);
      expect(await stored()).toEqual(before);
    },
  );

  it('an id that is none answers as an unknown one', async () => {
    const malformed = Object.fromEntries(Object.keys(nobodys).map((name) => [name, "' or 1=1 --"])) as Ids;
    for (const field of Object.keys(MUTATIONS))
      expect(await ask(field, malformed, stranger)).toEqual(await ask(field, nobodys, stranger));
  });

  it('a role of another tenant cannot be given, and its permissions are not told', async () => {
    const mine = await makePerson(test, { name: 'mine', tenant: 'globex' });
    const give = (role: string) =>
      test.ask(
        'mutation ($input: ChangeMemberRolesInput!) { changeMemberRoles(input: $input) { __typename } }',
        stranger,
        {
          input: { membershipId: mine.membershipId, roles: [role] },
        },
      );
    const told = async (role: string) => JSON.stringify(await give(role)).replaceAll(role, '?');
    expect(await told('custom')).toBe(await told('unheard-of'));
  });

  it('invitations, roles and members listed are those of the own tenant', async () => {
    const { data } = await test.ask(
      `{ viewer { tenant { members { nodes { id } } roles { nodes { id } } invitations { nodes { id } } }
           memberships { nodes { slug } } sessions { nodes { tenantSlug } } } }`,
      stranger,
    );
    const text = JSON.stringify(data);
    for (const id of Object.values(theirs)) expect(text).not.toContain(id);
    expect(text).not.toContain('acme');
  });
});

describe('An API key', () => {
  it('administers no people, whatever its scopes', async () => {
    const key = {
      ...stranger,
      caller: { kind: 'apiKey', keyId: newId() },
      sessionId: null,
    } as unknown as RequestContext;
    for (const field of Object.keys(MUTATIONS))
      expect([field, await ask(field, nobodys, key)]).toEqual([
        field,
        expect.objectContaining({ errors: [expect.objectContaining({ extensions: { code: 'FORBIDDEN' } })] }),
      ]);
  });
});
