import { exportFiles, indexKey, sha256, type ArchivedFile, type FileStore } from '@inevitable/kit/host';
import type { SystemDatabase } from '../store/system-database.js';
import type { DataOrder } from './data-orders.js';

/** Every file of an archive but for its manifest, by the lists of its parts. Throws where a list is not the one its product reported. */
export async function listContents(
  { rows }: Pick<SystemDatabase, 'rows'>,
  { id, tenantId: ofTenant }: Pick<DataOrder, 'id' | 'tenantId'>,
  store: FileStore,
): Promise<readonly ArchivedFile[]> {
  const parts = await rows<{ product: string; tenantId: string; index: string }>(
    `select product, tenant_id as "tenantId", encode(index_sha256, 'hex') as index from data_parts where order_id = $1
     order by product, tenant_id`,
    [id],
  );
  const files = exportFiles(store, ofTenant, id);
  const contents: ArchivedFile[] = [];
  for (const { product, tenantId, index } of parts) {
    const kept = await files.read(indexKey(`${product}/${tenantId}`, index));
    const text = kept && (await new Response(kept.body).text());
    if (text === null || sha256(Buffer.from(text)) !== index)
      throw new Error(`The list of what "${product}" exported for order ${id} is not the one it reported.`);
    contents.push(...(JSON.parse(text) as ArchivedFile[])); // as archiveWriter wrote it: the hash says so
  }
  return contents;
}
