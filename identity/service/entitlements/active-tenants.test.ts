import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parseTenantId, type TenantId } from '@inevitable/contract';
import { openTestIdentity, type TestIdentity } from '../testing/open-test-identity.js';

let test: TestIdentity;
beforeAll(async () => {
  test = await openTestIdentity();
});
afterAll(() => test.close());

const active = (after: TenantId | null) => test.identity.ports.tenants.active(after);
const idOf = (n: number): TenantId => parseTenantId(`ffffffff-0000-7000-8000-${String(n).padStart(12, '0')}`);

describe('Active tenants', () => {
  it('are those that are neither suspended nor being deleted, in the order of their ids', async () => {
    const [acme, globex] = [await test.tenantId('acme'), await test.tenantId('globex')];
    const everyone = await active(null);
    expect(everyone).toEqual([...everyone].sort());
    expect(everyone).toEqual(expect.arrayContaining([acme, globex]));
    await test.rows(`update tenants set status = 'suspended' where id = $1`, [acme]);
    await test.rows(`update tenants set status = 'deleting' where id = $1`, [globex]);
    expect(await active(null)).toEqual(everyone.filter((id) => id !== acme && id !== globex));
    await test.rows(`update tenants set status = 'active'`);
  });

  it('come in pages of 500, each of them once, until a page is empty', async () => {
    const before = await active(null);
    await test.rows(
      `insert into tenants (id, slug, name)
       select ('ffffffff-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, 'many-' || n, 'Many' from generate_series(1, 1200) n`,
    );
    const pages: (readonly TenantId[])[] = [];
    let after: TenantId | null = null;
    do pages.push(await active(after));
    while ((after = pages.at(-1)!.at(-1) ?? null) && pages.length < 10);
    expect(pages.map(({ length }) => length)).toEqual([500, 500, before.length + 200, 0]);
    expect(pages.flat()).toEqual([...before, ...Array.from({ length: 1_200 }, (_, n) => idOf(n + 1))]);
  });

  it('go on after an id that is no tenant any more', async () => {
    await test.rows('delete from tenants where id = $1', [idOf(1_198)]);
    expect(await active(idOf(1_198))).toEqual([idOf(1_199), idOf(1_200)]);
  });
});
