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
    | 'view';
  readonly message: string;
}

interface TableFacts {
  table: string;
  kind: 'r' | 'v';
  row_security: boolean;
  forced: boolean;
  security_invoker: boolean;
  app_reads: boolean;
  app_writes: boolean;
  tenant_column: 'NOT NULL' | 'NULL' | null;
  policies: { restrictive: boolean; roles: string[]; using: string | null; check: string | null; command: string }[];
  keys: { name: string; columns: string[] }[];
  foreign_keys: { name: string; columns: string[]; target: string; target_has_tenant: boolean }[];
}

const FACTS = `
  select c.relname as table, c.relkind as kind, c.relrowsecurity as row_security, c.relforcerowsecurity as forced,
    coalesce('security_invoker=true' = any (c.reloptions), false) as security_invoker,
    has_table_privilege($1 || '_app', c.oid, 'SELECT') or has_any_column_privilege($1 || '_app', c.oid, 'SELECT') as app_reads,
    has_table_privilege($1 || '_app', c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE')
      or has_any_column_privilege($1 || '_app', c.oid, 'INSERT, UPDATE') as app_writes,
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
  { product, shared = {} }: DatabaseDeclaration,
  ownerUrl: string,
): Promise<readonly CatalogueFinding[]> {
  const client = new pg.Client({ connectionString: ownerUrl });
  await client.connect();
  try {
    const { rows } = await client.query<TableFacts>(FACTS, [product]);
    return rows.flatMap((facts) => {
      if (!facts.app_reads && !facts.app_writes) return [];
      if (facts.kind === 'v') return lintView(facts);
      return facts.table in shared ? lintShared(facts) : lintTenantTable(facts, product);
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

function lintTenantTable(facts: TableFacts, product: string): CatalogueFinding[] {
  const { table, policies, keys, foreign_keys, tenant_column } = facts;
  const findings: CatalogueFinding[] = [];
  const find = (rule: CatalogueFinding['rule'], message: string) => findings.push({ table, rule, message });
  const mentionsTenant = (expression: string | null) => expression?.includes('current_tenant()') ?? false;
  const forRole = (role: string) => policies.filter((policy) => policy.roles.includes(`${product}_${role}`));

  if (!facts.row_security || !facts.forced) {
    find(
      'row-level-security',
      `Row-level security is not both enabled and forced. Call protect_tenant_table('${table}').`,
    );
  }
  const guards = forRole('app').filter(
    (policy) => policy.restrictive && policy.command === 'ALL' && mentionsTenant(policy.using),
  );
  if (!guards.some((policy) => policy.check === null || mentionsTenant(policy.check))) {
    find(
      'tenant-policy',
      `No RESTRICTIVE policy for ${product}_app compares with current_tenant(). Call protect_tenant_table('${table}').`,
    );
  }
  for (const role of ['owner', 'system']) {
    if (!forRole(role).some((policy) => !policy.restrictive && policy.using === 'true')) {
      find(
        'staff-policies',
        `${product}_${role} has no USING (true) policy: with FORCE its statements reach 0 rows, silently.`,
      );
    }
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
