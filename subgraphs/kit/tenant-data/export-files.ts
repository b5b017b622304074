import type { TenantId } from '@inevitable/contract';
import type { Files, FileStore } from '../files/file-store.js';
import { tenantFiles } from '../files/tenant-files.js';

/** Where the files of one export wait: among those of core-identity, of the tenant whose data it is. `tenantId` null: a person's. */
export function exportFiles(store: FileStore, tenantId: TenantId | null, orderId: string): Files {
  const files = tenantFiles(store, 'identity', tenantId);
  const root = `exports/${orderId}/`;
  const own = (key: string) => key.slice(root.length);
  return {
    put: (key, bytes) => files.put(root + key, bytes),
    async stat(key) {
      const file = await files.stat(root + key);
      return file && { ...file, key: own(file.key) };
    },
    async read(key, range) {
      const content = await files.read(root + key, range);
      return content && { ...content, file: { ...content.file, key: own(content.file.key) } };
    },
    delete: (key) => files.delete(root + key),
    async list(prefix, after) {
      const page = await files.list(root + prefix, after === null ? null : root + after);
      return page.map((file) => ({ ...file, key: own(file.key) }));
    },
  };
}
