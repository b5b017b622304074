import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ensureRoles, lintCatalogue, migrate, openProductDatabase, roleUrl } from '@inevitable/kit/host';
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
    ['a table the app role may empty', 'grant truncate on notes to starter_app', 'truncate'],
    [
      'an owner that may only read',
      'drop policy owner_rows on notes; create policy owner_rows on notes for select to starter_owner using (true)',
      'staff-policies',
    ],
    [
      'a table of no tenant that nobody declared',
      "create table checks (id uuid primary key); select protect_product_table('checks')",
      'tenant-policy',
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

  it.each([
    ['nothing', 'select 1', []],
    ['another policy for reading', 'create policy more on checks for select to public using (true)', []],
    ['a policy that forbids more', 'create policy more on checks as restrictive to starter_app using (false)', []],
    ['row-level security switched off', 'alter table checks disable row level security', ['row-level-security']],
    ['row-level security not forced', 'alter table checks no force row level security', ['row-level-security']],
    ['a system role without a policy', 'drop policy system_rows on checks', ['staff-policies']],
    ['an owner without a policy', 'drop policy owner_rows on checks', ['staff-policies']],
    ['a policy that lets everything', 'create policy more on checks to starter_app using (true)', ['product-table']],
    ['a policy for everybody', 'create policy more on checks for delete to public using (true)', ['product-table']],
    [
      'inserts of everyone',
      'drop policy no_tenant_inserts on checks; create policy more on checks for insert to starter_app with check (true)',
      ['product-table'],
    ],
    [
      'inserts of tenants',
      'create policy more on checks for insert to starter_app with check (current_tenant() is not null)',
      ['product-table'],
    ],
    [
      'updates that find every row',
      'create policy more on checks for update to starter_app using (true) with check (current_tenant() is null)',
      ['product-table'],
    ],
    [
      'updates that leave anything',
      'create policy more on checks for update to starter_app using (current_tenant() is null) with check (true)',
      ['product-table'],
    ],
    [
      'deletes in other cases, too',
      'create policy more on checks for delete to starter_app using (current_tenant() is null or random() < 1)',
      ['product-table'],
    ],
    ['the right to truncate', 'grant truncate on checks to starter_app', ['truncate']],
    ['a column of tenants', 'alter table checks add tenant_id uuid not null', ['product-table']],
  ])('judges a table that is declared to be of no tenant: with %s', async (_what, damage, rules) => {
    const declared = { ...starter.database!, ofNoTenant: { checks: 'what jobs of no tenant found' } };
    await owner.query("create table checks (id uuid primary key); select protect_product_table('checks')");
    try {
      await owner.query(damage);
      const findings = await lintCatalogue(declared, product.ownerUrl);
      expect(findings.map(({ table, rule }) => [table, rule])).toEqual(rules.map((rule) => ['checks', rule]));
    } finally {
      await owner.query('drop table checks');
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
    expect(applied.filter((names) => names.length > 0)).toHaveLength(1);
    expect(await product.lint()).toEqual([]);
  });

  it.each([
    ['empty', ''],
    ['blank', ' \n\t\n'],
    ['a semicolon', ' ;\n'],
    ['a comment', '-- Add a column.\n/* or\n two */ -- of them'],
  ])('that are %s are not applied: they can still be written', async (_kind, text) => {
    const migrations = await mkdtemp(join(tmpdir(), 'migrations-'));
    await cp(starter.database!.migrations, migrations, { recursive: true });
    const file = join(migrations, '20990101000000_later', 'migration.sql');
    await mkdir(dirname(file));
    await writeFile(file, text);
    const database = { ...starter.database!, migrations: pathToFileURL(`${migrations}/`) };
    const applied = () => migrate(database, product.ownerUrl);
    await expect(applied()).rejects.toThrow(/"20990101000000_later" has no statement/);
    await writeFile(file, `${text}\nselect 1;`);
    expect(await applied()).toEqual(['20990101000000_later']);
    await owner.query("delete from _prisma_migrations where migration_name = '20990101000000_later'");
    await rm(migrations, { recursive: true });
  });

  it('that were changed after they had been applied stop the start', async () => {
    await owner.query("update _prisma_migrations set checksum = 'other'");
    await expect(migrate(starter.database!, product.ownerUrl)).rejects.toThrow(/was changed after it had been applied/);
  });
});
