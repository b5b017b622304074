import { randomUUID } from 'node:crypto';
import { constants, type Dir } from 'node:fs';
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
/** What tenants keep is for this process's user alone, whatever the umask and whoever may enter the root. */
const OWN_FILE = 0o600;
const OWN_FOLDER = 0o700;
/** How often a put makes its folder anew because a delete has just removed it, as empty. */
const FOLDER_ATTEMPTS = 100;

/**
 * Files in a directory of this machine, or one that all parts of the stack mount; the path of a file is its key. Makes the
 * directory where it is missing, and throws `FilesUnavailable` where it cannot.
 */
export async function directoryFileStore(directory: string): Promise<FileStore> {
  const root = resolve(directory);
  const drafts = join(root, DRAFTS);
  const failedIn =
    (what: string): ((error: unknown) => never) =>
    (error) => {
      throw unavailable(what, root, error);
    };
  await mkdir(drafts, { recursive: true, mode: OWN_FOLDER }).catch(failedIn('The directory cannot be made'));
  await sweepDrafts(drafts).catch(failedIn('What killed writers left cannot be removed'));

  const pathOf = (key: string): string => {
    assertFileKey(key);
    return join(root, key);
  };
  const newDraft = (): string => join(drafts, randomUUID());
  /** Rejects unless the store itself is there: with its disk gone, every file would look as if there were none. */
  const assertThere = async (): Promise<void> => void (await lstat(`${drafts}/.`));
  const nothing = async (error: unknown): Promise<null> => {
    nullIfMissing(error);
    await assertThere();
    return null;
  };
  const lookAt = async (key: string): Promise<StoredFile | null> => {
    const found = await lstat(join(root, key)).catch(nothing);
    return found?.isFile() ? { key, sizeBytes: found.size, modifiedAt: found.mtime } : null;
  };

  return {
    async put(key, bytes) {
      const path = pathOf(key);
      const draft = newDraft();
      try {
        await writeDurably(draft, bytes);
        await moveInto(root, key, draft);
        await syncFolders(dirname(path), root);
      } catch (error) {
        await rm(draft, { force: true }).catch(() => undefined); // swept later where it stays
        const failed = failedIn(`"${key}" was not stored`);
        if (!isHeldByFolder(error)) failed(error);
        await assertThere().catch(failed);
        throw new BadFileKey(`"${key}" is the folder of a file, or is in one that is a file.`);
      }
    },

    async stat(key) {
      assertFileKey(key);
      return followNoLink(root, dirname(key))
        .then(() => lookAt(key), nothing)
        .catch(failedIn(`"${key}" cannot be looked at`));
    },

    async read(key, range) {
      const path = pathOf(key);
      // A link is never followed: what it leads to was not stored here.
      const handle = await followNoLink(root, dirname(key))
        .then(() => open(path, constants.O_RDONLY | constants.O_NOFOLLOW))
        .catch(nothing)
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
      await followNoLink(root, dirname(key))
        .then(() => unlink(path))
        .catch(nothing)
        .catch(failedIn(`"${key}" was not deleted`));
      await removeEmptied(dirname(path), root);
    },

    async list(prefix, after) {
      assertFilePrefix(prefix);
      if (after !== null) assertFileKey(after);
      const folder = prefix.slice(0, prefix.lastIndexOf('/') + 1);
      const open = (at: string) => opendir(join(root, at), { bufferSize: LONGEST_PAGE }).catch(nothing);
      return followNoLink(root, dirname(`${folder}.`))
        .then(() => firstFiles(keysIn(open, folder, { prefix, after }), lookAt), nullIfMissing)
        .then((files) => (files?.length ? files : assertThere().then(() => [])))
        .catch(failedIn(`The files "${prefix}…" cannot be listed`));
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
  const file = await open(path, 'wx', OWN_FILE);
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** A delete may remove the folder, which is empty still, just before the file is in it. */
async function moveInto(root: string, key: string, draft: string): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      for (const folder of foldersDownTo(dirname(key))) await makeFolder(root, folder);
      await rename(draft, join(root, key));
      return;
    } catch (error) {
      if (codeOf(error) !== 'ENOENT' || attempt === FOLDER_ATTEMPTS) throw error;
    }
  }
}

/** `a/b` has `a` and `a/b`; `.`, the root, has none. */
const foldersDownTo = (folder: string): string[] => (folder === '.' ? [] : [...foldersDownTo(dirname(folder)), folder]);

async function makeFolder(root: string, folder: string): Promise<void> {
  try {
    await mkdir(join(root, folder), { mode: OWN_FOLDER });
  } catch (error) {
    if (codeOf(error) !== 'EEXIST' || !(await isFolder(root, folder))) throw error;
  }
}

/** A link where a folder should be: what it leads to may be another tenant's. */
class LinkOnTheWay extends Error {}

async function isFolder(root: string, folder: string): Promise<boolean> {
  const found = await lstat(join(root, folder));
  if (found.isSymbolicLink())
    throw new LinkOnTheWay(`its folder "${folder}" is a link, which is not followed. Put the folder itself there.`);
  return found.isDirectory();
}

/** Rejects with `LinkOnTheWay`, and with ENOENT where there is no such folder. */
async function followNoLink(root: string, folder: string): Promise<void> {
  for (const each of foldersDownTo(folder)) await isFolder(root, each);
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

/** null: there is none, or not any more. */
type OpenFolder = (folder: string) => Promise<Dir | null>;

interface Wanted {
  readonly prefix: string;
  readonly after: string | null;
}

/**
 * Keys below a folder ('' or ending with `/`) in order of their bytes: a folder is where its name with `/` would be, so
 * that all of it lies between its neighbours.
 */
async function* keysIn(open: OpenFolder, folder: string, wanted: Wanted): AsyncGenerator<string> {
  for (let beyond = ''; ;) {
    const names = await firstNames(open, folder, beyond, wanted);
    for (const name of names) {
      if (name.endsWith('/')) yield* keysIn(open, name, wanted);
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
async function firstNames(
  open: OpenFolder,
  folder: string,
  beyond: string,
  { prefix, after }: Wanted,
): Promise<string[]> {
  const directory = await open(folder);
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
  if (error instanceof LinkOnTheWay) return new FilesUnavailable('refused', `${at}: ${error.message}`, error);
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
