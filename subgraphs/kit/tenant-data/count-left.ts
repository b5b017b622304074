import type { TenantId } from '@inevitable/contract';
import pg from 'pg';
import { countFiles } from '../files/every-file.js';
import { tenantFiles } from '../files/tenant-files.js';
import type { DataResources } from './perform-data-task.js';
import { readTenantTables } from './tenant-tables.js';

/** What a product has of a tenant: rows by table, `files` and `jobs`. All are named, whether there is anything or not. */
export async function countLeft(
  product: string,
  tenantId: TenantId,
  { systemPool, files: store, jobs }: Pick<DataResources, 'systemPool' | 'files' | 'jobs'>,
): Promise<Readonly<Record<string, number>>> {
  const left: Record<string, number> = {};
  for (const { name } of await readTenantTables(systemPool, product)) {
    const { rows } = await systemPool.query<{ count: number }>(
      `select count(*)::int as count from ${pg.escapeIdentifier(name)} where tenant_id = $1`,
      [tenantId],
    );
    left[`table ${name}`] = rows[0]!.count;
  }
  const files = await countFiles(tenantFiles(store, product, tenantId));
  return { ...left, files, jobs: await jobs.countTenant(product, tenantId) };
}
