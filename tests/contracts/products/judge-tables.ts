import type { TestSubgraph } from '@inevitable/kit/testing';
import pg from 'pg';
import { tenantRows } from './tenant-rows.js';

/** PostgreSQL's insufficient_privilege: of a right that is missing, and of a row that a policy refuses. */
const REFUSED = '42501';

/**
 * What of the product's tables a stranger's work reaches (`strangerId`; null: work of no tenant) though it is its owner's,
 * and which tables have no row of the owner to reach; each a sentence. It tries to change and to delete what it must not,
 * so where the product is at fault its rows are gone.
 */
export async function judgeTables(
  product: TestSubgraph,
  { ownerId, strangerId }: { readonly ownerId: string; readonly strangerId: string | null },
): Promise<string[]> {
  const who = strangerId === null ? 'Work of no tenant' : 'Work of another tenant';
  /** How many rows it reached, or the code of the error. */
  const attempt = async (text: string, values: readonly unknown[]): Promise<number | string> => {
    try {
      const { statement } = product.database.forTenant(strangerId);
      return (await statement({ text, values: [...values] })).rowCount ?? 0;
    } catch (error) {
      return (error as { code?: string }).code ?? String(error);
    }
  };
  const reaches = async (text: string, values: readonly unknown[]): Promise<boolean> =>
    ![0, REFUSED].includes(await attempt(text, values));

  const findings: string[] = [];
  const before = await tenantRows(product, ownerId);
  for (const { name, columns, key, rows } of before) {
    const table = pg.escapeIdentifier(name);
    if (!rows.length) {
      findings.push(`fill() of the fixture leaves "${name}" without a row: nothing shows that it is isolated.`);
      continue;
    }
    if (await reaches(`select from ${table} where tenant_id = $1`, [ownerId]))
      findings.push(`${who} counts rows of "${name}" that are not its own.`);

    const isRow = key.map((column, index) => `${pg.escapeIdentifier(column)} = $${index + 1}`).join(' and ');
    for (const row of rows) {
      const values = key.map((column) => row[column]);
      if (await reaches(`select from ${table} where ${isRow}`, values))
        findings.push(`${who} reads a row of "${name}" by its key: ${values.join(', ')}.`);
    }

    const all = columns.map((column) => pg.escapeIdentifier(column)).join(', ');
    const copy = `insert into ${table} (${all}) overriding system value select ${all} from jsonb_populate_record(null::${table}, $1)`;
    if ((await attempt(copy, [JSON.stringify(rows[0])])) !== REFUSED)
      findings.push(`${who} may write a row into "${name}" that names the other tenant.`);
    for (const change of [`update ${table} set tenant_id = tenant_id`, `delete from ${table}`])
      if (await reaches(`${change} where tenant_id = $1`, [ownerId]))
        findings.push(`${who} reaches rows of "${name}" with ${change.split(' ')[0]}.`);
  }
  if (JSON.stringify(await tenantRows(product, ownerId)) !== JSON.stringify(before))
    findings.push(`${who} changed rows that are not its own.`);
  return findings;
}
