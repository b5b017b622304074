import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import {
  lstat,
  mkdir,
  open,
  opendir,
  readdir,
  readFile,
  rename,
  rm,
  rmdir,
  unlink,
  type FileHandle,
} from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { notReady, ready } from '@inevitable/contract';
import {
  assertFileKey,
  assertFilePrefix,
  assertWithin,
  BadFileKey,
  FilesUnavailable,
  isFileKey,
  LONGEST_PAGE,
  type ByteRange,
  type FileStore,
  type StoredFile,
} from './file-store.js';

const PART = 'file store';
/** Below the root, so that a draft is renamed within one file system. No key begins with a dot, so no key reaches it. */
const DRAFTS = '.drafts';
/** No put takes that long: who wrote such a draft was killed. Others may have the same directory mounted. */
const ABANDONED_AFTER_MS = 3_600_000;
const CHUNK_BYTES = 64 * 1024;
/** How often a put makes its folder anew because a delete has just removed it, as empty. */
const FOLDER_ATTEMPTS = 100;

/**
 * Files in a directory of this machine, or one that all parts of the stack mount; the path of a file is its key. Makes the
 * directory where it is missing, and throws `FilesUnavailable` where it cannot.
 */
export async function directoryFileStore(directory: string): Promise<FileStore> {
  const root = resolve(directory);
  const failedIn =
    (what: string) =>
    (error: unknown): never => {
      throw unavailable(what, root, error);
    };
  await mkdir(join(root, DRAFTS), { recursive: true }).catch(failedIn('The directory cannot be made'));
  await sweepDrafts(join(root, DRAFTS)).catch(failedIn('What killed writers left cannot be removed'));

  const pathOf = (key: string): string => {
    assertFileKey(key);
    return join(root, key);
  };
  const newDraft = (): string => join(root, DRAFTS, randomUUID());
  const stat = async (key: string): Promise<StoredFile | null> => {
    const found = await lstat(pathOf(key))
      .catch(nullIfMissing)
      .catch(failedIn(`"${key}" cannot be looked at`));
    return found?.isFile() ? { key, sizeBytes: found.size, modifiedAt: found.mtime } : null;
  };

  return {
    async put(key, bytes) {
      const path = pathOf(key);
      const draft = newDraft();
      try {
        await writeDurably(draft, bytes);
        await moveInto(path, draft);
        await syncFolders(dirname(path), root);
      } catch (error) {
        await rm(draft, { force: true }).catch(() => undefined); // swept later where it stays
        if (isHeldByFolder(error))
          throw new BadFileKey(`"${key}" is the folder of a file, or is in one that is a file.`);
        throw unavailable(`"${key}" was not stored`, root, error);
      }
    },

    stat,

    async read(key, range) {
      const path = pathOf(key);
      // A link is never followed: what it leads to was not stored here.
      const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW)
        .catch(nullIfMissing)
        .catch(failedIn(`"${key}" cannot be read`));
      if (!handle) return null;
      try {
        const found = await handle.stat();
        if (!found.isFile()) {
          await handle.close();
          return null;
        }
        const file: StoredFile = { key, sizeBytes: found.size, modifiedAt: found.mtime };
        if (range) assertWithin(range, file);
        const bytes = range ?? { start: 0, end: found.size - 1 };
        return { file, body: streamOf(handle, bytes, failedIn(`"${key}" cannot be read to its end`)) };
      } catch (error) {
        await handle.close();
        throw error instanceof RangeError ? error : unavailable(`"${key}" cannot be read`, root, error);
      }
    },

    async delete(key) {
      const path = pathOf(key);
      await unlink(path)
        .catch(nullIfMissing)
        .catch(failedIn(`"${key}" was not deleted`));
      await removeEmptied(dirname(path), root);
    },

    async list(prefix, after) {
      assertFilePrefix(prefix);
      if (after !== null) assertFileKey(after);
      const keys = keysIn(root, prefix.slice(0, prefix.lastIndexOf('/') + 1), { prefix, after });
      return firstFiles(keys, stat).catch(failedIn(`The files "${prefix}…" cannot be listed`));
    },

    async health() {
      try {
        await probe(newDraft());
        return ready(PART);
      } catch (error) {
        return notReady(PART, unavailable('A probe failed', root, error).message);
      }
    },

    close: async () => undefined,
  };
}

/** Removes what writers left that were killed, and leaves what another process may be writing. */
async function sweepDrafts(drafts: string): Promise<void> {
  for (const name of await readdir(drafts)) {
    const draft = join(drafts, name);
    const found = await lstat(draft).catch(nullIfMissing);
    if (found && Date.now() - found.mtimeMs > ABANDONED_AFTER_MS) await rm(draft, { recursive: true, force: true });
  }
}

async function writeDurably(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, 'wx');
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** A delete may remove the folder, which is empty still, just before the file is in it. */
async function moveInto(path: string, draft: string): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await mkdir(dirname(path), { recursive: true });
      await rename(draft, path);
      return;
    } catch (error) {
      if (codeOf(error) !== 'ENOENT' || attempt === FOLDER_ATTEMPTS) throw error;
    }
  }
}

/** Every folder on the way: another put may have made it, and not have got as far as this one. */
async function syncFolders(folder: string, root: string): Promise<void> {
  for (let at = folder; ; at = dirname(at)) {
    try {
      const handle = await open(at, 'r');
      await handle.sync().finally(() => handle.close());
    } catch (error) {
      // ENOENT: the file was deleted meanwhile, and its folder with it. EINVAL: this file system has no such thing.
      if (codeOf(error) !== 'ENOENT' && codeOf(error) !== 'EINVAL') throw error;
    }
    if (at === root) return;
  }
}

/** A folder that cannot be removed is in use, or harms nobody. */
async function removeEmptied(folder: string, root: string): Promise<void> {
  for (let at = folder; at !== root; at = dirname(at)) {
    try {
      await rmdir(at);
    } catch {
      return;
    }
  }
}

/** Reads as its consumer asks, never ahead; closes the file at its end, on failure, and when cancelled. */
function streamOf(handle: FileHandle, { start, end }: ByteRange, failed: (error: unknown) => never) {
  let at = start;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const length = Math.min(CHUNK_BYTES, end + 1 - at);
          const { bytesRead, buffer } = await handle.read(new Uint8Array(length), 0, length, at);
          if (bytesRead === 0 && length > 0) throw new Error('the file became shorter while it was read');
          at += bytesRead;
          if (bytesRead > 0) controller.enqueue(buffer.subarray(0, bytesRead));
          if (at <= end) return;
          await handle.close();
          controller.close();
        } catch (error) {
          await handle.close().catch(() => undefined);
          failed(error);
        }
      },
      cancel: () => handle.close(),
    },
    { highWaterMark: 0 },
  );
}

interface Wanted {
  readonly prefix: string;
  readonly after: string | null;
}

/**
 * Keys below a folder ('' or ending with `/`) in order of their bytes: a folder is where its name with `/` would be, so
 * that all of it lies between its neighbours.
 */
async function* keysIn(root: string, folder: string, wanted: Wanted): AsyncGenerator<string> {
  for (let beyond = ''; ;) {
    const names = await firstNames(root, folder, beyond, wanted);
    for (const name of names) {
      if (name.endsWith('/')) yield* keysIn(root, name, wanted);
      else yield name;
    }
    if (names.length < LONGEST_PAGE) return;
    beyond = names.at(-1)!;
  }
}

/**
 * The first thousand names of a folder that come after `beyond`, folders with `/`. It is read in pieces and most of it is
 * dropped at once: a folder may have a hundred thousand files, and the process has others to answer meanwhile. What is no
 * key was not stored here, and is passed over.
 */
async function firstNames(root: string, folder: string, beyond: string, { prefix, after }: Wanted): Promise<string[]> {
  const directory = await opendir(join(root, folder), { bufferSize: LONGEST_PAGE }).catch(nullIfMissing);
  let names: string[] = [];
  let last: string | null = null;
  for await (const entry of directory ?? []) {
    const isFolder = entry.isDirectory();
    const name = folder + entry.name + (isFolder ? '/' : '');
    if (name <= beyond || (last !== null && name > last) || !name.startsWith(prefix)) continue;
    if (after !== null && name <= after && !(isFolder && after.startsWith(name))) continue;
    if (!(isFolder || entry.isFile()) || !isFileKey(folder + entry.name)) continue;
    names.push(name);
    if (names.length < 2 * LONGEST_PAGE) continue;
    names = names.sort().slice(0, LONGEST_PAGE);
    last = names.at(-1)!;
  }
  return names.sort().slice(0, LONGEST_PAGE);
}

/** The first page of files; one that was deleted meanwhile does not make it shorter. */
async function firstFiles(
  keys: AsyncGenerator<string>,
  stat: (key: string) => Promise<StoredFile | null>,
): Promise<StoredFile[]> {
  const files: StoredFile[] = [];
  const batch: string[] = [];
  const lookAtBatch = async (): Promise<void> => {
    for (const file of await Promise.all(batch.splice(0).map(stat))) if (file) files.push(file);
  };
  for await (const key of keys) {
    batch.push(key);
    if (files.length + batch.length === LONGEST_PAGE) await lookAtBatch();
    if (files.length === LONGEST_PAGE) return files;
  }
  await lookAtBatch();
  return files;
}

async function probe(path: string): Promise<void> {
  const written = Buffer.from(path);
  try {
    await writeDurably(path, written);
    if (!written.equals(await readFile(path))) throw new Error('what was read is not what was written');
  } finally {
    await rm(path, { force: true });
  }
}

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? '';

/** ENOTDIR: part of the key is a file. EISDIR: it is a folder. ELOOP: it is a link, which is not followed. */
function nullIfMissing(error: unknown): null {
  if (['ENOENT', 'ENOTDIR', 'EISDIR', 'ELOOP'].includes(codeOf(error))) return null;
  throw error;
}

const isHeldByFolder = (error: unknown): boolean => ['EISDIR', 'ENOTDIR', 'EEXIST'].includes(codeOf(error));

const FULL = ['ENOSPC', 'EDQUOT', 'EFBIG'];
const REFUSED = ['EACCES', 'EPERM', 'EROFS'];

function unavailable(what: string, root: string, error: unknown): FilesUnavailable {
  if (error instanceof FilesUnavailable) return error;
  const code = codeOf(error);
  const at = `${what} (file store in ${root})`;
  if (FULL.includes(code))
    return new FilesUnavailable(
      'full',
      `${at}: no room is left there (${code}). Free some, or enlarge the disk or its quota.`,
      error,
    );
  if (REFUSED.includes(code))
    return new FilesUnavailable(
      'refused',
      `${at}: this process may not do that there (${code}). Give its user the right to read and write the directory.`,
      error,
    );
  const reason =
    code === 'ENOENT'
      ? 'the directory is gone (ENOENT). Is its disk mounted?'
      : `${(error as Error).message}. Look at the disk.`;
  return new FilesUnavailable('unreachable', `${at}: ${reason}`, error);
}
