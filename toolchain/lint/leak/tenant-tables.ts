const IDENTIFIER = String.raw`(?:if\s+(?:not\s+)?exists\s+)?(?:only\s+)?((?:"?\w+"?\.)?"?\w+"?)`;
const CREATED = new RegExp(String.raw`\bcreate\s+table\s+${IDENTIFIER}\s*\(([\s\S]*?)\)\s*;`, 'gi');
const ALTERED = new RegExp(String.raw`\balter\s+table\s+${IDENTIFIER}([^;]*);`, 'gi');
const PROTECTED = /\bprotect_tenant_table\s*\(\s*'([^']+)'/gi;

/**
 * The tables that migrations make a tenant's: those with a column `tenant_id`, and those that `protect_tenant_table` guards
 * (docs/tenant-isolation.md).
 */
export function tenantTables(migrations: readonly string[]): ReadonlySet<string> {
  const tables = new Set<string>();
  for (const migration of migrations) {
    const sql = migration.replace(/--[^\n]*/g, '').replace(/\/\*[\s\S]*?\*\//g, '');
    for (const [, table, columns] of sql.matchAll(CREATED)) if (hasTenant(columns!)) tables.add(bare(table!));
    for (const [, table, change] of sql.matchAll(ALTERED))
      if (/\badd\s+(column\s+)?(if\s+not\s+exists\s+)?"?tenant_id"?\s/i.test(change!)) tables.add(bare(table!));
    for (const [, table] of sql.matchAll(PROTECTED)) tables.add(bare(table!));
  }
  return tables;
}

/** As a column, and not only in a key of another name. */
const hasTenant = (columns: string): boolean => /(^|,|\n)\s*"?tenant_id"?\s+\w/i.test(columns);

const bare = (table: string): string => table.replaceAll('"', '').split('.').at(-1)!;
