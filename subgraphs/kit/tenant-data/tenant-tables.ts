import pg, { type Pool } from 'pg';

/** A table in which tenants have rows. */
export interface TenantTable {
  readonly name: string;
  /** Of its primary key. */
  readonly key: readonly string[];
  /** The tenant tables that its foreign keys name, but for itself. */
  readonly references: readonly string[];
}

const TENANT_TABLES = `
  with tenant_tables as (
    select c.oid, c.relname::text as name from pg_class c
    where c.relnamespace = $1::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
      and exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped))
  select t.name,
    array(select a.attname::text from pg_index x join pg_attribute a on a.attrelid = t.oid and a.attnum = any (x.indkey)
      where x.indrelid = t.oid and x.indisprimary order by a.attnum) as key,
    array(select distinct o.name from pg_constraint f join tenant_tables o on o.oid = f.confrelid
      where f.conrelid = t.oid and f.contype = 'f' and o.oid <> t.oid) as references
  from tenant_tables t order by t.name`;

/** Every tenant table of a product, the kit's own included: those that refer to others before these. Throws on a circle. */
export async function readTenantTables(pool: Pick<Pool, 'query'>, product: string): Promise<readonly TenantTable[]> {
  const { rows } = await pool.query<TenantTable>(TENANT_TABLES, [pg.escapeIdentifier(product)]);
  return referringFirst(rows);
}

function referringFirst(tables: readonly TenantTable[]): readonly TenantTable[] {
  const ordered: TenantTable[] = [];
  let left = tables;
  while (left.length) {
    const free = left.filter(({ name }) => !left.some(({ references }) => references.includes(name)));
    if (!free.length)
      throw new Error(
        `The foreign keys of ${left.map(({ name }) => name).join(', ')} run in a circle: none can go first.`,
      );
    ordered.push(...free);
    left = left.filter((table) => !free.includes(table));
  }
  return ordered;
}
