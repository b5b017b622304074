import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { RequestContext } from '@inevitable/contract';
import { exportFiles } from '@inevitable/kit/host';
import { verifyChain } from '../../audit/verify-chain.js';
import { countLeftOfTenant, KEPT_OF_TENANTS } from '../../data-orders/erase-tenant.js';
import { DEMO_PASSWORD, openTestIdentity, type TestIdentity } from '../../testing/open-test-identity.js';
import { newMember, newTenant, productsDoTheirParts, STARTER } from '../../testing/products-at-work.js';

let test: TestIdentity;
beforeAll(async () => {
  test = await openTestIdentity();
});
afterAll(() => test.close());

const carryOut = () => test.identity.maintenance.carryOutOrders();

const deleteTenant = (context: RequestContext, input: object) =>
  test.ask('mutation ($input: DeleteTenantInput!) { deleteTenant(input: $input) { tenantId erasesAt } }', context, {
    input,
  });

describe('A tenant that is given up', () => {
  it('lets nobody in from then on, tells its owners, and can be kept as it was for 30 days', async () => {
    const { id, owner } = await newTenant(test, 'hesitant');
    expect(await deleteTenant(await test.as(owner), { id, slug: 'hesitant' })).toMatchObject({
      data: { deleteTenant: { tenantId: id } },
    });
    expect((await test.post('/auth/login', { username: owner, password: DEMO_PASSWORD })).status).toBe(401);
    expect((await test.mails('owner-of-hesitant@people.test')).map(({ kind }) => kind)).toContain('tenant-deletion');
    await test.advance('29 days');
    expect(await carryOut()).toMatchObject({ tenantsErased: 0 });
    const root = await test.as('root');
    const keep = 'mutation ($id: ID!) { keepTenant(input: { id: $id }) { status } }';
    expect(await test.ask(keep, root, { id })).toEqual({ data: { keepTenant: { status: 'active' } } });
    expect((await test.post('/auth/login', { username: owner, password: DEMO_PASSWORD })).status).toBe(200);
    await test.advance('2 days');
    expect(await carryOut()).toMatchObject({ tenantsErased: 0 });
  });

  it('is erased with everything after that, once every product has erased its part; its chain stays and holds', async () => {
    const { id, owner } = await newTenant(test, 'departed');
    const acme = await test.tenantId('acme');
    const before = await test.rows('select id, roles from memberships where tenant_id = $1 order by id', [acme]);
    await deleteTenant(await test.as(owner), { id, slug: 'departed', reason: 'we are done' });
    expect(await test.identity.ports.tenantData.open(STARTER, null)).toEqual([]);
    await test.advance('31 days');
    const asked = `query ($id: ID!) { tenantDeletion(tenant: $id) { state parts { product erasedAt } } }`;
    const state = async () => (await test.ask(asked, await test.as('root'), { id })).data.tenantDeletion;
    expect(await state()).toEqual({
      state: 'ERASING',
      parts: [
        { product: 'identity', erasedAt: null },
        { product: STARTER, erasedAt: null },
      ],
    });
    expect(await carryOut()).toMatchObject({ tenantsErased: 0 });
    await productsDoTheirParts(test);
    expect(await carryOut()).toMatchObject({ tenantsErased: 1 });
    expect(await state()).toMatchObject({ state: 'ERASED' });
    expect(Object.values(await countLeftOfTenant(test.flows.db, id)).every((count) => count === 0)).toBe(true);
    expect(await test.rows(`select from users where email = 'owner-of-departed@people.test'`)).toEqual([]);
    expect(await test.rows('select id, roles from memberships where tenant_id = $1 order by id', [acme])).toEqual(
      before,
    );
    expect((await test.audit(id)).map(({ action }) => action)).toEqual(
      expect.arrayContaining(['identity.delete-tenant', 'identity.erase-tenant']),
    );
    expect(await test.rows('select from audit_personal where tenant_id = $1', [id])).toEqual([]);
    expect(await verifyChain(test.flows.db.rows, id)).toMatchObject({ broken: null });
  });

  it('is given up by its owners alone, signed in just now, who name it twice', async () => {
    const { id, owner } = await newTenant(test, 'careful');
    const codeOf = async (context: RequestContext, input: object) =>
      (await deleteTenant(context, input)).errors?.[0]?.extensions;
    const own = await test.as(owner);
    expect(await codeOf(own, { id, slug: 'acme' })).toMatchObject({ code: 'BAD_USER_INPUT', field: 'input.slug' });
    expect(await codeOf(await test.as('gus'), { id, slug: 'careful' })).toMatchObject({ code: 'NOT_FOUND' });
    const acme = await test.tenantId('acme');
    expect(await codeOf(await test.as('bob'), { id: acme, slug: 'acme' })).toMatchObject({ code: 'FORBIDDEN' });
    await test.advance('11 minutes');
    expect(await codeOf(own, { id, slug: 'careful' })).toMatchObject({ reason: 'fresh-sign-in' });
  });

  it('stays where a product has not erased its part, and says which', async () => {
    const { id, owner } = await newTenant(test, 'stuck');
    await deleteTenant(await test.as(owner), { id, slug: 'stuck' });
    await test.advance('31 days');
    for (let run = 0; run < 3; run += 1) expect(await carryOut()).toMatchObject({ tenantsErased: 0 });
    const [open] = await test.rows<{ product: string }>(
      'select product from data_parts p join data_orders o on o.id = p.order_id where o.tenant_id = $1 and p.done_at is null and product <> $2',
      [id, 'identity'],
    );
    expect(open).toEqual({ product: STARTER });
    expect(await test.rows('select status from tenants where id = $1', [id])).toEqual([{ status: 'deleting' }]);
  });

  it('leaves nothing in any table that could have had something, and takes none of another tenant', async () => {
    const { id, owner } = await newTenant(test, 'well-used');
    await newMember(test, { username: 'helper', tenant: 'well-used', roles: ['member'] });
    const own = await test.as(owner);
    await test.rows(`update tenants set plan = 'pro' where id = $1`, [id]);
    for (const mutation of [
      'createRole(input: { name: "auditor", permissions: ["starter:notes:read"] }) { role { id } }',
      'inviteMember(input: { email: "guest@people.test", roles: ["member"] }) { accepted }',
      'createApiKey(input: { name: "ci", scopes: ["starter:notes:read"] }) { key }',
    ])
      expect((await test.ask(`mutation { ${mutation} }`, await test.as(owner))).errors).toBeUndefined();
    const { entitlements } = test.identity.ports;
    const reserved = await entitlements.reserve({
      tenantId: id,
      feature: 'starter.notes',
      amount: 1,
      idempotencyKey: 'k',
    });
    expect(reserved.kind).toBe('reserved');
    await test.rows(
      `with granted as (insert into feature_grants (tenant_id, id, feature, amount, priority, source)
         values ($1, gen_random_uuid(), 'starter.notes', 5, 1, 'a gift') returning tenant_id, id),
       balance as (insert into feature_grant_balances (tenant_id, grant_id) select tenant_id, id from granted),
       void as (insert into feature_grant_voids (tenant_id, grant_id, reason) select tenant_id, id, 'x' from granted),
       held as (insert into reservation_grants (tenant_id, reservation_id, grant_id, position, amount)
         select tenant_id, gen_random_uuid(), id, 1, 1 from granted),
       overridden as (insert into feature_overrides (tenant_id, feature, version, reason) values ($1, 'starter.notes', 1, 'x')),
       half as (insert into sign_in_challenges (hash, user_id, tenant_id, expires_at)
         select '\\x01', u.id, $1, stack_now() from users u where username = $2),
       sent as (insert into outbox (tenant_id, id, kind, name, aggregate, payload, correlation_id)
         values ($1, gen_random_uuid(), 'event', 'identity.x', 'x', '{}', 'x'))
       select 1`,
      [id, owner],
    );
    const before = await countLeftOfTenant(test.flows.db, id);
    expect(Object.entries(before).filter(([, count]) => count === 0)).toEqual([]);
    expect(Object.keys(KEPT_OF_TENANTS).filter((table) => `table ${table}` in before)).toEqual([]);

    const exported = await test.ask(
      'mutation ($id: ID!) { exportAccount(input: { id: $id }) { export { orderId } } }',
      own,
      {
        id: await test.userId(owner),
      },
    );
    const archive = exportFiles(test.flows.files, null, exported.data.exportAccount.export.orderId);
    await productsDoTheirParts(test);
    await carryOut();
    expect((await archive.list('', null)).length).toBeGreaterThan(0);
    await test.identity.tenantData.delete('well-used', { reason: 'a test', graceDays: 0 });
    await test.advance('3 minutes');
    await productsDoTheirParts(test);
    expect(await carryOut()).toMatchObject({ tenantsErased: 1 });
    await carryOut();
    expect(await archive.list('', null)).toEqual([]);
    expect(Object.entries(await countLeftOfTenant(test.flows.db, id)).filter(([, count]) => count > 0)).toEqual([]);
    expect(
      await test.rows(`select from users where email like '%@people.test' and username = any ($1)`, [
        [owner, 'helper'],
      ]),
    ).toEqual([]);
  });

  it('takes those along who once were in another tenant, once products have erased what is theirs there', async () => {
    await newTenant(test, 'last-home');
    await newMember(test, { username: 'drifter', tenant: 'last-home', roles: ['member'] });
    const [drifter, acme] = [await test.userId('drifter'), await test.tenantId('acme')];
    await test.rows(
      `insert into memberships (tenant_id, id, user_id, roles, status) values ($1, gen_random_uuid(), $2, '{member}', 'ended')`,
      [acme, drifter],
    );
    await test.identity.tenantData.delete('last-home', { reason: 'a test', graceDays: 0 });
    await test.advance('3 minutes');
    await productsDoTheirParts(test);
    await carryOut();
    expect(await test.rows('select status from users where id = $1', [drifter])).toEqual([{ status: 'disabled' }]);
    await test.advance('3 minutes');
    expect(await test.identity.ports.tenantData.open(STARTER, null)).toEqual(
      expect.arrayContaining([expect.objectContaining({ kind: 'erase', tenantId: acme, userId: drifter })]),
    );
    await productsDoTheirParts(test);
    await carryOut();
    expect(await test.rows('select from users where id = $1', [drifter])).toEqual([]);
  });

  it('is not kept any more when its grace is over, and is suspended again when it was before', async () => {
    const { id } = await newTenant(test, 'too-late');
    await test.identity.administration.suspendTenant('too-late', 'unpaid');
    await test.identity.tenantData.delete('too-late', { reason: 'a test' });
    expect(await test.identity.tenantData.keep('too-late')).toEqual({ tenantId: id, status: 'suspended' });
    await test.identity.tenantData.delete('too-late', { reason: 'a test', graceDays: 1 });
    await test.advance('1439 minutes 30 seconds');
    await expect(test.identity.tenantData.keep('too-late')).rejects.toMatchObject({ code: 'CONFLICT' });
  });

  it('keeps no other waiting when it cannot be erased', async () => {
    await newTenant(test, 'impossible');
    const { id } = await newTenant(test, 'possible');
    for (const slug of ['impossible', 'possible'])
      await test.identity.tenantData.delete(slug, { reason: 'a test', graceDays: 0 });
    await test.advance('3 minutes');
    await productsDoTheirParts(test);
    await test.rows(`update tenants set status = 'active' where slug = 'impossible'`);
    await expect(carryOut()).rejects.toThrow('is to be erased, and is not being deleted');
    expect(await test.rows('select from tenants where id = $1', [id])).toEqual([]);
  });
});
