import { readdir, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';

const NOT_COMPILED = new Set(['node_modules', 'dist']);

/**
 * Gives every TypeScript file below a folder that was written since then (epoch milliseconds) the present as its time.
 * Answers how many. `tsc --build` judges by times alone: a file that is written while it compiles is older than what it
 * writes then, and would stay uncompiled until it is written once more.
 */
export async function touchChangedSince(folder: string, since: number): Promise<number> {
  let touched = 0;
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      if (!NOT_COMPILED.has(entry.name)) touched += await touchChangedSince(path, since);
    } else if (entry.name.endsWith('.ts') && (await stat(path)).mtimeMs >= since) {
      await utimes(path, new Date(), new Date());
      touched += 1;
    }
  }
  return touched;
}
