import { randomBytes } from 'node:crypto';
import { chmod, link, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** The data directory cannot be used; the message says which and why. */
export class DataDirectoryUnusable extends Error {}

/**
 * Makes the data directory. Others may pass through it, because the embedded database's user may have to, but not list
 * it; every secret in it is a file of mode 0600. Throws `DataDirectoryUnusable`.
 */
export async function openDataDirectory(path: string): Promise<void> {
  try {
    await makeFolders(path);
    const probe = join(path, `.writable-${process.pid}`);
    await writeFile(probe, '');
    await rm(probe);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new DataDirectoryUnusable(
      `The data directory ${path} cannot be written (${code}). Choose another with DATA_DIR, or change its owner.`,
    );
  }
}

/** Parents first. Node's own recursive mkdir never ends on a file system that answers ENOENT for new folders, as /proc does. */
async function makeFolders(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: 0o711 });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' && (await stat(path)).isDirectory()) return;
    if (code !== 'ENOENT' || dirname(path) === path || (await isFolder(dirname(path)))) throw error;
    await makeFolders(dirname(path));
    await mkdir(path, { mode: 0o711 });
  }
}

const isFolder = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );

/**
 * The text of a secret file, made by `create` when it is missing. Two processes at once end up with the same text:
 * linking a finished file into place is atomic and fails for the second.
 */
export async function secretFile(path: string, create: () => string): Promise<string> {
  const existing = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw new DataDirectoryUnusable(
      `The secret file ${path} cannot be read (${error.code}). Start as the user who owns it.`,
    );
  });
  if (existing !== null) return existing;
  const draft = `${path}.${process.pid}.${randomBytes(4).toString('hex')}`;
  await writeFile(draft, create(), { mode: 0o600 });
  try {
    await link(draft, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    await rm(draft);
  }
  return readFile(path, 'utf8');
}

/** Writes a secret that replaces another. */
export async function replaceSecretFile(path: string, text: string): Promise<void> {
  await writeFile(path, text, { mode: 0o600 });
  await chmod(path, 0o600);
}

/** 256 random bits as text. */
export const randomSecret = (): string => randomBytes(32).toString('base64url');
