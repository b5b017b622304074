import type { TenantId } from '@inevitable/contract';
import {
  assertFileKey,
  assertFilePrefix,
  BadFileKey,
  type Files,
  type FileStore,
  type StoredFile,
} from './file-store.js';

/** A product's files of one tenant. No key reaches another tenant's, or another product's. At most 400 characters a key. */
export type TenantFiles = Files;

/** Where files of no tenant are; an id of a tenant is a UUID and never this. */
const NO_TENANT = 'no-tenant';
/** The store's keys are longer by the names of product and tenant. */
const LONGEST_KEY = 400;

/** `tenantId` null: the product's own files, of no tenant. */
export function tenantFiles(store: FileStore, product: string, tenantId: TenantId | null): TenantFiles {
  const root = `${product}/${tenantId ?? NO_TENANT}/`;
  // Judged before the root is put in front: whatever is a key by itself stays below the root.
  const within = (key: string): string => {
    assertFileKey(key);
    if (key.length > LONGEST_KEY) throw new BadFileKey(`"${key.slice(0, 200)}…" is too long for a key of a file.`);
    return root + key;
  };
  const own = (file: StoredFile): StoredFile => ({ ...file, key: file.key.slice(root.length) });
  return Object.freeze<TenantFiles>({
    put: async (key, bytes) => store.put(within(key), bytes),
    async stat(key) {
      const file = await store.stat(within(key));
      return file && own(file);
    },
    async read(key, range) {
      const content = await store.read(within(key), range);
      return content && { ...content, file: own(content.file) };
    },
    delete: async (key) => store.delete(within(key)),
    async list(prefix, after) {
      assertFilePrefix(prefix);
      return (await store.list(root + prefix, after === null ? null : within(after))).map(own);
    },
  });
}
