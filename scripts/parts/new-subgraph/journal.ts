import { lstat, mkdir, readFile, rm, rmdir, stat, symlink, utimes } from 'node:fs/promises';
import { dirname } from 'node:path';
import { writeAtomically } from '../write-atomically.js';

interface Step {
  /** For the person who reads that it could not be undone. */
  readonly path: string;
  undo(): Promise<void>;
}

/** Everything a command writes, so that it can be taken back: files byte by byte, with their time and mode. */
export class Journal {
  readonly #steps: Step[] = [];

  /** Writes a file anew that is there, whole or not at all. */
  async edit(path: string, text: string): Promise<void> {
    await this.#remember(path, Buffer.from(text));
    await writeAtomically(path, text);
  }

  /** Takes a file back that somebody else is about to write, to what it is now: also where there is none yet. */
  async keep(path: string): Promise<void> {
    await this.#remember(path, null);
  }

  /** Makes a folder, and its parents; all that is in it at the end goes with it. Rejects with `EEXIST` where it is. */
  async makeFolder(path: string): Promise<void> {
    await this.#makeParents(dirname(path));
    await mkdir(path);
    this.#steps.push({ path, undo: () => rm(path, { recursive: true, force: true, maxRetries: 3 }) });
  }

  /** Rejects with `EEXIST` where something is. */
  async link(path: string, target: string): Promise<void> {
    await this.#makeParents(dirname(path));
    await symlink(target, path, 'junction');
    this.#steps.push({ path, undo: () => rm(path, { force: true }) });
  }

  /** Takes all of it back, the last first. Answers what could not be, each in a sentence. */
  async undo(): Promise<readonly string[]> {
    const left: string[] = [];
    for (const { path, undo } of this.#steps.splice(0).reverse()) {
      try {
        await undo();
      } catch (error) {
        left.push(`${path} could not be taken back: ${(error as Error).message}`);
      }
    }
    return left;
  }

  /** `written`: what we leave there; where somebody else has changed it since, it is his. null: whatever is there. */
  async #remember(path: string, written: Buffer | null): Promise<void> {
    const before = await readFile(path).catch(nullIfMissing);
    const found = before && (await stat(path));
    this.#steps.push({
      path,
      async undo() {
        if (!before || !found) return rm(path, { force: true });
        const now = await readFile(path).catch(nullIfMissing);
        if (now?.equals(before)) return;
        if (written && !now?.equals(written)) throw new Error('somebody has changed it meanwhile');
        await writeAtomically(path, before, found.mode);
        await utimes(path, found.atime, found.mtime);
      },
    });
  }

  async #makeParents(path: string): Promise<void> {
    if (await lstat(path).catch(nullIfMissing)) return;
    await this.#makeParents(dirname(path));
    await mkdir(path);
    this.#steps.push({ path, undo: () => rmdir(path).catch(ignoreIfFilled) });
  }
}

function nullIfMissing(error: NodeJS.ErrnoException): null {
  if (error.code === 'ENOENT') return null;
  throw error;
}

/** Somebody has put something into a folder of ours: it stays. */
function ignoreIfFilled(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
}
