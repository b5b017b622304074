import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { directoryFileStore } from '../files/directory-file-store.js';
import type { FileStore } from '../files/file-store.js';
import { s3FileStore } from '../files/s3-file-store.js';
// @ts-expect-error -- plain JavaScript
import { BUCKET, CREDENTIALS, startS3Server } from '../files/start-s3-server.js';

/** Where a file store keeps its files, for tests. */
export interface FilePlace {
  /** A store that holds nothing yet. */
  open(): Promise<FileStore>;
  close(): Promise<void>;
}

async function directories(): Promise<FilePlace> {
  const folder = await mkdtemp(join(tmpdir(), 'files-'));
  let count = 0;
  return {
    open: () => directoryFileStore(join(folder, String((count += 1)))),
    close: () => rm(folder, { recursive: true, force: true }),
  };
}

async function buckets(): Promise<FilePlace> {
  const { endpoint, close } = await startS3Server();
  const stores: FileStore[] = [];
  return {
    async open() {
      const prefix = String(stores.length);
      stores.push(s3FileStore({ endpoint, bucket: BUCKET, region: 'eu-central-1', ...CREDENTIALS, prefix }));
      return stores.at(-1)!;
    },
    async close() {
      for (const store of stores) await store.close();
      await close();
    },
  };
}

export const FILE_PLACES = [
  ['a directory', directories],
  ['a bucket', buckets],
] as const;

/** A page of the store's keys. */
export const keysOf = async (store: FileStore, prefix = '', after: string | null = null): Promise<string[]> =>
  (await store.list(prefix, after)).map(({ key }) => key);
