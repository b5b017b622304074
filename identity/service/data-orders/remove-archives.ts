import type { TenantId } from '@inevitable/contract';
import { deleteEveryFile, exportFiles } from '@inevitable/kit/host';
import type { ArchiveDeps } from './finish-archive.js';

/** Removes archives that can be fetched no more; answers how many. Files first: whoever is stopped in between finds the order again. */
export async function removeArchives({ db, files }: Pick<ArchiveDeps, 'db' | 'files'>): Promise<number> {
  const old = await db.rows<{ id: string; tenantId: TenantId | null }>(
    `select id, tenant_id as "tenantId" from data_orders where kind = 'export' and expires_at <= stack_now()`,
  );
  for (const { id, tenantId } of old) {
    await deleteEveryFile(exportFiles(files, tenantId, id));
    await db.rows('delete from data_orders where id = $1', [id]);
  }
  return old.length;
}
