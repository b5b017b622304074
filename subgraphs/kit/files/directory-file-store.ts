import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { ready } from '@inevitable/contract';
import { assertFileKey, type FileStore, type StoredFile } from './file-store.js';

/** Files in a directory of this machine, or one that all parts of the stack mount. Creates it. */
export async function directoryFileStore(root: string): Promise<FileStore> {
  await mkdir(root, { recursive: true });
  const pathOf = (key: string): string => {
    assertFileKey(key);
    return join(root, key);
  };
  const lookAt = async (key: string): Promise<StoredFile | null> => {
    const found = await stat(pathOf(key)).catch(() => null);
    return found?.isFile() ? { key, sizeBytes: found.size, modifiedAt: found.mtime } : null;
  };
  return {
    async put(key, bytes) {
      const path = pathOf(key);
      await mkdir(dirname(path), { recursive: true });
      const draft = join(dirname(path), `.${randomUUID()}`);
      const file = await open(draft, 'wx');
      await file.writeFile(bytes);
      await file.sync();
      await file.close();
      await rename(draft, path);
    },
    stat: lookAt,
    async read(key, range) {
      const file = await lookAt(key);
      return file && { file, body: Readable.toWeb(createReadStream(pathOf(key), range)) as ReadableStream<Uint8Array> };
    },
    delete: (key) => rm(pathOf(key), { force: true }),
    async list(prefix, after) {
      const entries = await readdir(root, { recursive: true });
      const keys = entries.filter((key) => key.startsWith(prefix) && (after === null || key > after)).sort();
      const found = await Promise.all(keys.map((key) => lookAt(key).catch(() => null)));
      return found.filter((file) => file !== null).slice(0, 1_000);
    },
    health: async () => ready('file store'),
    close: async () => undefined,
  };
}
