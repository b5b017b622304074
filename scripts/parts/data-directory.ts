import { randomBytes } from 'node:crypto';
import { constants, link, lstat, mkdir, open, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** The data directory cannot be used; the message says which and why. */
export class DataDirectoryUnusable extends Error {}

/** undefined on Windows, where owner and mode of a file say nothing. */
const ourUid = process.getuid?.();

/**
 * Makes the data directory. Others may pass through it, because the embedded database's user may have to, but not list
 * it; every secret in it is a file of mode 0600. Throws `DataDirectoryUnusable`.
 */
export async function openDataDirectory(path: string): Promise<void> {
  const refuse = ({ code }: NodeJS.ErrnoException): never => {
    throw new DataDirectoryUnusable(
      `The data directory ${path} cannot be written (${code}). Choose another with DATA_DIR, or change its owner.`,
    );
  };
  await makeFolder(path, PASSABLE).catch(refuse);
  await assertOurs(path);
  // By chance, not by the pid: containers that share the directory have the same pids, and one removed another's probe.
  const probe = join(path, `.writable-${randomBytes(4).toString('hex')}`);
  await writeFile(probe, '').catch(refuse);
  await rm(probe);
}

/**
 * Whoever else can write to a folder of secrets can plant one: a credential put there could speak for every caller.
 * `choose` says what else to use. Throws `DataDirectoryUnusable`.
 */
export async function assertOurs(folder: string, choose = 'another data directory with DATA_DIR'): Promise<void> {
  if (ourUid === undefined) return;
  const [entry, found] = await Promise.all([lstat(folder), stat(folder)]);
  const owner = [0, ourUid].includes(entry.uid) ? found.uid : entry.uid; // a link may be ours or root's
  if (owner !== ourUid) {
    throw new DataDirectoryUnusable(
      `The folder ${folder} belongs to somebody else (uid ${owner}; this is uid ${ourUid}): start as its owner, or choose ${choose}.`,
    );
  }
  if (found.mode & 0o022) {
    throw new DataDirectoryUnusable(
      `Other users can write to the folder ${folder}: make sure that all in it is yours and run chmod go-w on it, or choose ${choose}.`,
    );
  }
}

/** For others: they may pass through, and see nothing on their way. */
const PASSABLE = 0o711;
/** For others: there is nothing. */
export const PRIVATE = 0o700;

/**
 * Makes a folder where there is none, with that mode, and its parents before it. Rejects with what the system says.
 * Node's own recursive mkdir never ends on a file system that answers ENOENT for new folders, as /proc does.
 */
export async function makeFolder(path: string, mode: number): Promise<void> {
  try {
    await mkdir(path, { mode });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' && (await stat(path)).isDirectory()) return;
    if (code !== 'ENOENT' || dirname(path) === path || (await isFolder(dirname(path)))) throw error;
    await makeFolder(dirname(path), PASSABLE);
    await mkdir(path, { mode });
  }
}

const isFolder = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );

/**
 * The text of a secret file, made by `create` when it is missing. Two processes at once end up with the same text:
 * linking a finished file into place is atomic and fails for the second. Throws `DataDirectoryUnusable`.
 */
export async function secretFile(path: string, create: () => string): Promise<string> {
  await assertOurs(dirname(path));
  const existing = await readSecret(path);
  if (existing !== null) return existing;
  const draft = await writeDraft(path, create());
  try {
    await link(draft, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    await rm(draft);
  }
  return secretFile(path, create); // reads ours, or the other process's
}

/** Writes a secret that replaces another: the name, not what a link of that name leads to. */
export async function replaceSecretFile(path: string, text: string): Promise<void> {
  await assertOurs(dirname(path));
  await rename(await writeDraft(path, text), path);
}

async function writeDraft(path: string, text: string): Promise<string> {
  const draft = `${path}.${process.pid}.${randomBytes(4).toString('hex')}`;
  await writeFile(draft, text, { mode: 0o600, flag: 'wx' });
  return draft;
}

/** null: there is none. Judges the file it has open, so that nothing can be swapped between the look and the reading. */
async function readSecret(path: string): Promise<string | null> {
  const refuse = (what: string, remedy: string): never => {
    throw new DataDirectoryUnusable(`The secret file ${path} ${what}: ${remedy}.`);
  };
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants; // of a pipe, opening would wait for a writer
  const file = await open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK).catch(({ code }: NodeJS.ErrnoException) => {
    if (code === 'ENOENT') return null;
    if (code === 'ELOOP') return refuse('is a link', 'put the file itself there');
    return refuse(`cannot be read (${code})`, 'start as the user who owns it');
  });
  if (file === null) return null;
  try {
    const found = await file.stat();
    const { uid, mode } = found;
    if (!found.isFile()) refuse('is not a regular file', 'move it aside');
    if (ourUid !== undefined && uid !== ourUid) {
      refuse(`belongs to somebody else (uid ${uid}; this is uid ${ourUid})`, 'start as its owner, or move it aside');
    }
    if (ourUid !== undefined && mode & 0o077) {
      refuse('can be reached by other users', 'make sure that it is what you put there and run chmod 600 on it');
    }
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
}

/** 256 random bits as text. */
export const randomSecret = (): string => randomBytes(32).toString('base64url');
