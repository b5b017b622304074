import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { RequestContext } from '@inevitable/contract';
import { DEMO_PASSWORD, openTestIdentity, type TestIdentity } from '../../testing/open-test-identity.js';
import { newMember, newTenant, productsDoTheirParts } from '../../testing/products-at-work.js';

let test: TestIdentity;
beforeAll(async () => {
  test = await openTestIdentity();
});
afterAll(() => test.close());

const carryOut = () => test.identity.maintenance.carryOutOrders();

const deleteAccount = (context: RequestContext, id: string) =>
  test.ask('mutation ($id: ID!) { deleteAccount(input: { id: $id }) { userId } }', context, { id });

describe('An account', () => {
  it('that is deleted signs in nowhere, and leaves nothing of its person but ids', async () => {
    const acme = await test.tenantId('acme');
    await newMember(test, { username: 'leaver', tenant: 'acme', roles: ['member'] });
    const [leaver, id] = [await test.as('leaver'), await test.userId('leaver')];
    const ada = await test.as('ada');
    const invited = 'mutation { inviteMember(input: { email: "leaver@people.test", roles: ["member"] }) { accepted } }';
    expect((await test.ask(invited, ada)).errors).toBeUndefined();
    const changing = 'mutation { changeEmail(input: { email: "new@people.test" }) { accepted } }';
    expect((await test.ask(changing, leaver)).errors).toBeUndefined();
    expect(await test.mails('new@people.test')).toHaveLength(1);
    await test.post('/auth/login', { email: 'leaver@people.test', password: 'wrong' });
    expect(await deleteAccount(leaver, id)).toEqual({ data: { deleteAccount: { userId: id } } });
    expect((await test.post('/auth/login', { username: 'leaver', password: DEMO_PASSWORD })).status).toBe(401);
    await test.advance('3 minutes');
    await productsDoTheirParts(test);
    expect(await carryOut()).toMatchObject({ peopleErased: 1 });
    const tables = await test.rows<{ name: string }>(
      `select c.relname::text as name from pg_class c join pg_attribute a on a.attrelid = c.oid
       where c.relnamespace = 'identity'::regnamespace and c.relkind = 'r' and a.attname = 'user_id' and c.relname <> 'data_orders'`,
    );
    for (const { name } of tables) expect(await test.rows(`select from ${name} where user_id = $1`, [id])).toEqual([]);
    const texts = await test.rows<{ text: string }>(
      `select u::text as text from users u union all select m::text from mails m union all select p.data::text from audit_personal p`,
    );
    expect(texts.filter(({ text }) => /(leaver|new)@people\.test/.test(text))).toEqual([]);
    expect((await test.audit(acme)).length).toBeGreaterThan(0);
  });

  it('of the last owner of a tenant stays until somebody else owns that', async () => {
    const { owner } = await newTenant(test, 'lonely');
    const [own, id] = [await test.as(owner), await test.userId(owner)];
    expect((await deleteAccount(own, id)).errors[0]).toMatchObject({
      message: 'You are the last owner of "lonely": make somebody else an owner, or delete the tenant first.',
      extensions: { code: 'CONFLICT' },
    });
    expect((await deleteAccount(own, await test.userId('ada'))).errors[0].extensions.code).toBe('NOT_FOUND');
  });

  it('is erased though its person owns a tenant that is being deleted, too', async () => {
    const { owner } = await newTenant(test, 'going-first');
    await test.rows(
      `insert into memberships (tenant_id, id, user_id, roles) select t.id, gen_random_uuid(), u.id, '{member}'
       from tenants t, users u where t.slug = 'acme' and u.username = $1`,
      [owner],
    );
    await test.identity.tenantData.delete('going-first', { reason: 'a test' });
    const id = await test.userId(owner);
    expect(await deleteAccount(await test.as(owner), id)).toEqual({ data: { deleteAccount: { userId: id } } });
  });

  it('that was given up cannot be enabled again, and the last administrator of the platform gives none up', async () => {
    await newMember(test, { username: 'regretful', tenant: 'acme', roles: ['member'] });
    const [regretful, id] = [await test.as('regretful'), await test.userId('regretful')];
    await deleteAccount(regretful, id);
    await expect(test.identity.administration.enableUser('regretful')).rejects.toMatchObject({ code: 'CONFLICT' });
    const root = await test.as('root');
    expect((await deleteAccount(root, await test.userId('root'))).errors[0].message).toBe(
      'You are the last platform administrator: make somebody else one first.',
    );
  });

  it('is named as gone in the chain of each of its tenants', async () => {
    await newMember(test, { username: 'noticed', tenant: 'acme', roles: ['member'] });
    const id = await test.userId('noticed');
    await deleteAccount(await test.as('noticed'), id);
    expect((await test.audit(await test.tenantId('acme'))).at(-1)).toMatchObject({
      action: 'identity.leave-tenant',
      subject: { type: 'User', id },
    });
  });
});
