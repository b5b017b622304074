import { lookedAtOften, type HealthCheck } from '@inevitable/contract';
import { directoryFileStore, s3FileStore, type FileStore } from '@inevitable/kit/host';
import type { FilesSettings, Settings } from '../settings/settings.js';
import type { Closers } from './closers.js';
import { assertOurs, makeFolder, PRIVATE } from './data-directory.js';

/** Files cannot be kept where the settings say; the message says why. */
export class FileStoreUnusable extends Error {}

export interface OpenedFileStore {
  readonly files: FileStore;
  /** Its part of `/health`. */
  readonly checks: Readonly<Record<string, HealthCheck>>;
}

/** The bucket of S3_ENDPOINT, else a directory; tried, so that no product finds out first. Throws `FileStoreUnusable`. */
export async function openFileStore({ files: where }: Settings, closers: Closers): Promise<OpenedFileStore> {
  const place = where.kind === 's3' ? 'the bucket of S3_ENDPOINT' : where.path;
  const refuse = (reason: string): never => {
    throw new FileStoreUnusable(`Files cannot be kept in ${place}. ${reason}`);
  };
  const files = await openAt(where).catch((error: Error) => refuse(error.message));
  closers.add('file store', () => files.close());
  const { ready, reason } = await files.health();
  if (!ready) refuse(reason ?? 'It is not ready.');
  return { files, checks: { 'file store': lookedAtOften(() => files.health()) } };
}

async function openAt(where: FilesSettings): Promise<FileStore> {
  if (where.kind === 's3') return s3FileStore(where);
  // The data directory lets others pass, and a tenant's files are nobody else's.
  await makeFolder(where.path, PRIVATE).catch(({ code }: NodeJS.ErrnoException) => {
    throw new Error(`The folder cannot be made (${code}): choose another with FILES_DIR, or change its owner.`);
  });
  // Who else can write there could lead one tenant's folder to another's.
  await assertOurs(where.path, 'another folder with FILES_DIR, such as a new one in it');
  return directoryFileStore(where.path);
}
