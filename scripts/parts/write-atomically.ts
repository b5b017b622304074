import { randomBytes } from 'node:crypto';
import { realpath, rename, rm, stat, writeFile } from 'node:fs/promises';

/** A file cannot be written. The message is one sentence that begins with its path. */
export class FileUnwritable extends Error {}

/**
 * Writes a file so that whoever reads it finds the old text or the new one, never a part of it. A link stays a link; a
 * device or a pipe is written to as it is. Throws `FileUnwritable`, with the old file untouched.
 */
export async function writeAtomically(path: string, text: string): Promise<void> {
  try {
    const found = await stat(path).catch(() => null);
    if (found && !found.isFile()) return await writeFile(path, text);
    const target = found ? await realpath(path) : path;
    const draft = `${target}.${randomBytes(4).toString('hex')}.draft`;
    try {
      await writeFile(draft, text, { mode: found ? found.mode & 0o777 : 0o666 });
      await rename(draft, target);
    } catch (error) {
      await rm(draft, { force: true });
      throw error;
    }
  } catch (error) {
    throw new FileUnwritable(`${path} cannot be written (${(error as NodeJS.ErrnoException).code}).`);
  }
}
