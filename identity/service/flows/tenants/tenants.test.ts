import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { RequestContext } from '@inevitable/contract';
import { openTestIdentity, type TestIdentity } from '../../testing/open-test-identity.js';

let test: TestIdentity;
let ada: RequestContext;
beforeAll(async () => {
  test = await openTestIdentity();
  ada = await test.as('ada');
});
afterAll(() => test.close());

const create = (slug: string, as = ada) =>
  test.ask(
    'mutation ($input: CreateTenantInput!) { createTenant(input: $input) { membership { slug name roles isCurrent } } }',
    as,
    { input: { slug, name: `The ${slug}` } },
  );
const update = (input: object, as = ada) =>
  test.ask(
    `mutation ($input: UpdateTenantInput!) { updateTenant(input: $input) {
       tenant { slug name settings { inviteDomains } } } }`,
    as,
    { input },
  );

describe('A tenant that somebody makes', () => {
  it('is theirs: they are its owner, and can switch to it', async () => {
    expect(await create('initech')).toEqual({
      data: {
        createTenant: { membership: { slug: 'initech', name: 'The initech', roles: ['owner'], isCurrent: false } },
      },
    });
    const { data } = await test.ask('mutation { switchTenant(input: { tenant: "initech" }) { accessToken } }', ada);
    expect(data.switchTenant.accessToken).toEqual(expect.any(String));
    expect((await test.audit(await test.tenantId('initech')))[0]).toMatchObject({
      action: 'identity.create-tenant',
      outcome: 'success',
      actor: { kind: 'user', id: await test.userId('ada') },
    });
    expect(await test.rows(`select plan from tenants where slug = 'initech'`)).toEqual([{ plan: 'free' }]);
  });

  it('takes no slug that is taken, and none that is malformed', async () => {
    expect(await create('globex')).toMatchObject({
      errors: [
        { message: 'There is a tenant "globex" already.', extensions: { code: 'CONFLICT', field: 'input.slug' } },
      ],
    });
    for (const slug of ['x', 'Capital', '-dash', 'x'.repeat(32)])
      expect(await create(slug)).toMatchObject({
        errors: [{ extensions: { code: 'BAD_USER_INPUT', field: 'input.slug' } }],
      });
  });

  it('is one of five a day, also of twenty that are asked for at once', async () => {
    const gus = await test.as('gus');
    const answers = await Promise.all(Array.from({ length: 20 }, (_, n) => create(`rush${n}`, gus)));
    expect(answers.filter(({ errors }) => !errors)).toHaveLength(5);
    expect(answers.find(({ errors }) => errors).errors[0].extensions).toMatchObject({ code: 'RATE_LIMITED' });
    await test.advance('1 day');
    expect((await create('another-day', gus)).errors).toBeUndefined();
  });
});

describe("A tenant's name and settings", () => {
  it('are changed by its administrators; what is left out stays', async () => {
    await update({ settings: { inviteDomains: ['ACME.test '] } });
    await update({ settings: {} });
    expect(await update({ name: 'Acme Works' })).toEqual({
      data: {
        updateTenant: { tenant: { slug: 'acme', name: 'Acme Works', settings: { inviteDomains: ['acme.test'] } } },
      },
    });
    expect((await test.audit(await test.tenantId('acme'))).at(-1)).toMatchObject({
      action: 'identity.update-tenant',
      details: { changed: ['name'] },
    });
  });

  it.each([
    [{}, 'input'],
    [{ name: '' }, 'input.name'],
    [{ name: 'two\nlines' }, 'input.name'],
    [{ settings: { inviteDomains: ['no domain'] } }, 'input.settings.inviteDomains.0'],
  ])('are not %j', async (input, field) => {
    expect(await update(input)).toMatchObject({ errors: [{ extensions: { code: 'BAD_USER_INPUT', field } }] });
  });

  it('have no keys but those that are known', async () => {
    expect((await update({ settings: { anything: true } })).errors[0].message).toContain('"anything" is not defined');
  });

  it('are changed by nobody who may not', async () => {
    expect(await update({ name: 'Mine' }, await test.as('bob'))).toMatchObject({
      errors: [{ extensions: { code: 'FORBIDDEN' } }],
    });
    expect((await test.audit(await test.tenantId('acme'))).at(-1)).toMatchObject({
      outcome: 'refused',
      reason: 'without "identity:tenant:admin"',
    });
  });
});
