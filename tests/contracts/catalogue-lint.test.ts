import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ensureRoles, migrate, openProductDatabase, roleUrl } from '@inevitable/kit/host';
import { testSubgraph, type TestSubgraph } from '@inevitable/kit/testing';
import starter from '@inevitable/starter';
import pg from 'pg';

let product: TestSubgraph;
let owner: pg.Client;
beforeAll(async () => {
  product = await testSubgraph(starter);
  owner = new pg.Client({ connectionString: product.ownerUrl, options: '-c search_path=starter' });
  await owner.connect();
});
afterAll(async () => {
  await owner.end();
  await product.close();
});

describe('The catalogue lint', () => {
  it.each([
    ['a dropped tenant policy', 'drop policy tenant_only on notes', 'tenant-policy'],
    [
      'a tenant policy that is not restrictive',
      'drop policy tenant_only on notes; create policy tenant_only on notes to starter_app using (tenant_id = current_tenant())',
      'tenant-policy',
    ],
    [
      'a tenant policy that lets writes through',
      'drop policy tenant_only on notes; create policy tenant_only on notes as restrictive to starter_app using (tenant_id = current_tenant()) with check (true)',
      'tenant-policy',
    ],
    [
      'a tenant policy for reading alone',
      'drop policy tenant_only on notes; create policy tenant_only on notes as restrictive for select to starter_app using (tenant_id = current_tenant())',
      'tenant-policy',
    ],
    ['row-level security switched off', 'alter table notes disable row level security', 'row-level-security'],
    ['row-level security not forced', 'alter table notes no force row level security', 'row-level-security'],
    ['an owner without a policy', 'drop policy owner_rows on notes', 'staff-policies'],
    [
      'a nullable tenant',
      'alter table notes drop constraint notes_pkey; alter table notes alter tenant_id drop not null',
      'tenant-column',
    ],
    ['a key that spans tenants', 'create unique index across on notes (text)', 'tenant-key'],
    [
      'a foreign key into any tenant',
      'create table tags (tenant_id uuid not null, id uuid not null unique, note uuid); alter table notes add constraint to_tag foreign key (created_by) references tags (id)',
      'tenant-foreign-key',
    ],
    [
      'a new table somebody forgot',
      'create table forgotten (tenant_id uuid not null); grant select on forgotten to starter_app',
      'row-level-security',
    ],
    [
      "a view with its owner's rights",
      'create view all_notes as select * from notes; grant select on all_notes to starter_app',
      'view',
    ],
  ])('goes red on %s', async (_what, damage, rule) => {
    expect(await product.lint()).toEqual([]);
    await owner.query('begin');
    try {
      await owner.query(damage);
      await owner.query('commit');
      expect((await product.lint()).map((finding) => finding.rule)).toContain(rule);
    } finally {
      await restore();
    }
  });

  /** The schema as the migrations make it. */
  async function restore(): Promise<void> {
    await owner.query('rollback').catch(() => undefined);
    await owner.query('drop schema starter cascade');
    const { password } = new URL(product.ownerUrl);
    await ensureRoles(product.ownerUrl, password, 'starter');
    await migrate(starter.database!, product.ownerUrl);
  }
});

describe('A product refuses to start', () => {
  it.each(['superuser', 'owner'])('on a connection that is %s', async (kind) => {
    const { password } = new URL(product.ownerUrl);
    const url = kind === 'superuser' ? product.ownerUrl : roleUrl(product.ownerUrl, password, 'starter', 'owner');
    await expect(openProductDatabase(starter.database!, url)).rejects.toThrow(/may not serve "starter"/);
  });
});

describe('Migrations', () => {
  it('are applied once when two processes start at the same time', async () => {
    await owner.query('drop schema starter cascade');
    const { password } = new URL(product.ownerUrl);
    await Promise.all([1, 2, 3].map(() => ensureRoles(product.ownerUrl, password, 'starter')));
    const applied = await Promise.all([1, 2, 3].map(() => migrate(starter.database!, product.ownerUrl)));
    expect(applied.map((names) => names.length).sort()).toEqual([0, 0, 3]);
    expect(await product.lint()).toEqual([]);
  });

  it('that were changed after they had been applied stop the start', async () => {
    await owner.query("update _prisma_migrations set checksum = 'other'");
    await expect(migrate(starter.database!, product.ownerUrl)).rejects.toThrow(/was changed after it had been applied/);
  });
});
