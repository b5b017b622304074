import { randomBytes } from 'node:crypto';
import { chmod, realpath, rename, rm, stat, writeFile } from 'node:fs/promises';

/** A file cannot be written. The message is one sentence that begins with its path. */
export class FileUnwritable extends Error {}

/**
 * Writes a file so that whoever reads it finds the old content or the new one, never a part of it. A link stays a link; a
 * device or a pipe is written to as it is. `mode`: that of the file as it is unless given. Throws `FileUnwritable`, with
 * the old file untouched.
 */
export async function writeAtomically(path: string, content: string | Uint8Array, mode?: number): Promise<void> {
  try {
    const found = await stat(path).catch(() => null);
    if (found && !found.isFile()) return await writeFile(path, content);
    const target = found ? await realpath(path) : path;
    const draft = `${target}.${randomBytes(4).toString('hex')}.draft`;
    try {
      await writeFile(draft, content, { flag: 'wx' });
      const wanted = mode ?? found?.mode;
      if (wanted !== undefined) await chmod(draft, wanted & 0o777); // exactly: a mode given to writeFile is less the umask
      await rename(draft, target);
    } catch (error) {
      await rm(draft, { force: true });
      throw error;
    }
  } catch (error) {
    throw new FileUnwritable(`${path} cannot be written (${(error as NodeJS.ErrnoException).code}).`);
  }
}
