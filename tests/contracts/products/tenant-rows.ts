import type { TestSubgraph } from '@inevitable/kit/testing';
import pg from 'pg';

/** The outbox: nobody reads it but the relay (tests/contracts/tenant-isolation.test.ts). */
const OF_THE_KIT = ['outbox'];

/** A table of tenants' rows, with what one tenant has in it. */
export interface TenantTable {
  readonly name: string;
  /** What can be written: all but what the database computes. */
  readonly columns: readonly string[];
  /** Of its primary key. */
  readonly key: readonly string[];
  /** By column. */
  readonly rows: readonly Readonly<Record<string, unknown>>[];
}

const TENANT_TABLES = `
  select c.relname as name,
    array(select a.attname::text from pg_attribute a
      where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = '' order by a.attnum) as columns,
    array(select a.attname::text from pg_index x join pg_attribute a on a.attrelid = c.oid and a.attnum = any (x.indkey)
      where x.indrelid = c.oid and x.indisprimary order by a.attnum) as key
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where n.nspname = $1 and c.relkind in ('r', 'p') and c.relname <> all ($2)
    and exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped)
  order by c.relname`;

/** Every tenant table of the product, looked at behind its back. */
export async function tenantRows(
  { ownerUrl, database: { product } }: TestSubgraph,
  tenantId: string,
): Promise<readonly TenantTable[]> {
  const owner = new pg.Client({ connectionString: ownerUrl, options: `-c search_path=${product}` });
  await owner.connect();
  try {
    const { rows: tables } = await owner.query<Omit<TenantTable, 'rows'>>(TENANT_TABLES, [product, OF_THE_KIT]);
    const found: TenantTable[] = [];
    for (const table of tables) {
      const { rows } = await owner.query<{ row: Record<string, unknown> }>(
        `select to_jsonb(t) as row from ${pg.escapeIdentifier(table.name)} t where tenant_id = $1 order by t::text`,
        [tenantId],
      );
      found.push({ ...table, rows: rows.map(({ row }) => row) });
    }
    return found;
  } finally {
    await owner.end();
  }
}
