import pg from 'pg';
import type { DatabaseDeclaration } from './product-database.js';

/** One place in the database's catalogue where tenant isolation is not what it must be. */
export interface CatalogueFinding {
  readonly table: string;
  readonly rule:
    | 'row-level-security'
    | 'tenant-policy'
    | 'staff-policies'
    | 'tenant-column'
    | 'tenant-key'
    | 'tenant-foreign-key'
    | 'shared-table'
    | 'product-table'
    | 'truncate'
    | 'view';
  readonly message: string;
}

interface Policy {
  restrictive: boolean;
  roles: string[];
  using: string | null;
  check: string | null;
  command: 'ALL' | 'SELECT' | 'INSERT' | 'UPDATE' | 'DELETE';
}

interface TableFacts {
  table: string;
  kind: 'r' | 'v';
  row_security: boolean;
  forced: boolean;
  security_invoker: boolean;
  app_reads: boolean;
  app_writes: boolean;
  app_truncates: boolean;
  tenant_column: 'NOT NULL' | 'NULL' | null;
  policies: Policy[];
  keys: { name: string; columns: string[] }[];
  foreign_keys: { name: string; columns: string[]; target: string; target_has_tenant: boolean }[];
}

const FACTS = `
  select c.relname as table, c.relkind as kind, c.relrowsecurity as row_security, c.relforcerowsecurity as forced,
    coalesce('security_invoker=true' = any (c.reloptions), false) as security_invoker,
    has_table_privilege($1 || '_app', c.oid, 'SELECT') or has_any_column_privilege($1 || '_app', c.oid, 'SELECT') as app_reads,
    has_table_privilege($1 || '_app', c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE')
      or has_any_column_privilege($1 || '_app', c.oid, 'INSERT, UPDATE') as app_writes,
    has_table_privilege($1 || '_app', c.oid, 'TRUNCATE') as app_truncates,
    (select case when a.attnotnull then 'NOT NULL' else 'NULL' end from pg_attribute a
      where a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped) as tenant_column,
    (select coalesce(json_agg(json_build_object('restrictive', p.permissive = 'RESTRICTIVE', 'roles', p.roles::text[],
        'using', p.qual, 'check', p.with_check, 'command', p.cmd)), '[]')
      from pg_policies p where p.schemaname = $1 and p.tablename = c.relname) as policies,
    (select coalesce(json_agg(json_build_object('name', i.relname, 'columns',
        (select array_agg(a.attname::text) from unnest(x.indkey::int[]) k join pg_attribute a on a.attrelid = c.oid and a.attnum = k))), '[]')
      from pg_index x join pg_class i on i.oid = x.indexrelid where x.indrelid = c.oid and x.indisunique) as keys,
    (select coalesce(json_agg(json_build_object('name', f.conname, 'target', t.relname,
        'columns', (select array_agg(a.attname::text) from unnest(f.conkey) k join pg_attribute a on a.attrelid = c.oid and a.attnum = k),
        'target_has_tenant', exists (select from pg_attribute a where a.attrelid = t.oid and a.attname = 'tenant_id'))), '[]')
      from pg_constraint f join pg_class t on t.oid = f.confrelid where f.conrelid = c.oid and f.contype = 'f') as foreign_keys
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where n.nspname = $1 and c.relkind in ('r', 'p', 'v') and c.relname not in ('_prisma_migrations', '_kit_migrations', 'clock')
  order by c.relname`;

/**
 * Checks every table and view of a product against the rules of tenant isolation (docs/tenant-isolation.md).
 * What the app role cannot touch needs no policy. `ownerUrl`: any role that may read the catalogue.
 */
export async function lintCatalogue(
  { product, shared = {}, ofNoTenant = {} }: DatabaseDeclaration,
  ownerUrl: string,
): Promise<readonly CatalogueFinding[]> {
  const client = new pg.Client({ connectionString: ownerUrl });
  await client.connect();
  try {
    const { rows } = await client.query<TableFacts>(FACTS, [product]);
    return rows.flatMap((facts) => {
      if (!facts.app_reads && !facts.app_writes) return [];
      if (facts.kind === 'v') return lintView(facts);
      if (Object.hasOwn(shared, facts.table)) return lintShared(facts);
      return Object.hasOwn(ofNoTenant, facts.table)
        ? lintTableOfNoTenant(facts, product)
        : lintTenantTable(facts, product);
    });
  } finally {
    await client.end();
  }
}

function lintView({ table, security_invoker }: TableFacts): CatalogueFinding[] {
  if (security_invoker) return [];
  return [
    {
      table,
      rule: 'view',
      message: "The view runs with its owner's rights, past every policy. Create it WITH (security_invoker = true).",
    },
  ];
}

function lintShared({ table, app_writes }: TableFacts): CatalogueFinding[] {
  if (!app_writes) return [];
  return [
    {
      table,
      rule: 'shared-table',
      message:
        'A table without a tenant is writable by the app role: one tenant could write what another reads. Revoke INSERT, UPDATE and DELETE.',
    },
  ];
}

/** What only work of no tenant writes, and everybody may read. */
function lintTableOfNoTenant(facts: TableFacts, product: string): CatalogueFinding[] {
  const { table, policies } = facts;
  const app = `${product}_app`;
  const findings = lintStaff(facts, product);
  const find = (rule: CatalogueFinding['rule'], message: string) => findings.push({ table, rule, message });
  if (!facts.row_security || !facts.forced) {
    find(
      'row-level-security',
      `Row-level security is not both enabled and forced. Call protect_product_table('${table}').`,
    );
  }
  if (facts.tenant_column !== null)
    find('product-table', 'A table with a tenant_id is named as one of no tenant: every tenant reads all of it.');
  const writing = policies.filter(
    ({ restrictive, roles, command }) =>
      !restrictive && command !== 'SELECT' && (roles.includes(app) || roles.includes('public')),
  );
  for (const { command } of writing.filter((policy) => !isForNoTenantAlone(policy))) {
    find(
      'product-table',
      `A policy for ${command} lets ${app} write while a tenant is set: one tenant could write what another reads. Let protect_product_table('${table}') write the policies.`,
    );
  }
  return findings;
}

/** The whole expression, as the catalogue prints it: any other might hold in other cases too. */
const WHEN_NO_TENANT = /^\((?:(?:\w+|"[^"]+")\.)?current_tenant\(\) IS NULL\)$/;

/** PostgreSQL takes USING for a CHECK that is missing; an INSERT has only the latter. */
const isForNoTenantAlone = ({ command, using, check }: Policy): boolean =>
  (command === 'INSERT' || WHEN_NO_TENANT.test(using ?? '')) && WHEN_NO_TENANT.test(check ?? using ?? '');

/** What holds for every table with policies. */
function lintStaff({ table, policies, app_truncates }: TableFacts, product: string): CatalogueFinding[] {
  const findings: CatalogueFinding[] = [];
  for (const role of ['owner', 'system'].map((suffix) => `${product}_${suffix}`)) {
    const reachesAll = policies.some(
      ({ restrictive, roles, using, command }) =>
        !restrictive && command === 'ALL' && roles.includes(role) && using === 'true',
    );
    if (reachesAll) continue;
    findings.push({
      table,
      rule: 'staff-policies',
      message: `${role} has no USING (true) policy: with FORCE its statements reach 0 rows, silently.`,
    });
  }
  if (app_truncates) {
    const message = `${product}_app may TRUNCATE, which no policy stops: one tenant could empty the table. Revoke it.`;
    findings.push({ table, rule: 'truncate', message });
  }
  return findings;
}

function lintTenantTable(facts: TableFacts, product: string): CatalogueFinding[] {
  const { table, policies, keys, foreign_keys, tenant_column } = facts;
  const findings = lintStaff(facts, product);
  const find = (rule: CatalogueFinding['rule'], message: string) => findings.push({ table, rule, message });
  const mentionsTenant = (expression: string | null) => expression?.includes('current_tenant()') ?? false;

  if (!facts.row_security || !facts.forced) {
    find(
      'row-level-security',
      `Row-level security is not both enabled and forced. Call protect_tenant_table('${table}').`,
    );
  }
  const guards = policies.filter(
    ({ restrictive, roles, command, using }) =>
      restrictive && command === 'ALL' && roles.includes(`${product}_app`) && mentionsTenant(using),
  );
  if (!guards.some((policy) => policy.check === null || mentionsTenant(policy.check))) {
    find(
      'tenant-policy',
      `No RESTRICTIVE policy for ${product}_app compares with current_tenant(). Call protect_tenant_table('${table}').`,
    );
  }
  if (tenant_column === 'NULL')
    find('tenant-column', 'tenant_id may be null: such a row belongs to nobody and is never erased.');
  if (tenant_column === null) return findings;
  for (const key of keys.filter(({ columns }) => !columns.includes('tenant_id'))) {
    find(
      'tenant-key',
      `Unique index "${key.name}" spans tenants (unique checks ignore row-level security): put tenant_id first.`,
    );
  }
  for (const key of foreign_keys.filter(
    ({ columns, target_has_tenant }) => target_has_tenant && !columns.includes('tenant_id'),
  )) {
    find(
      'tenant-foreign-key',
      `Foreign key "${key.name}" can point into another tenant's "${key.target}" (such checks ignore row-level security): make it (tenant_id, …).`,
    );
  }
  return findings;
}
