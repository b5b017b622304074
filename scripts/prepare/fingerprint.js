import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const NOT_SOURCE = new Set(['node_modules', 'dist', 'generated', 'bench', '.git', '.data', '.stack']);

/** The workspaces' folders, as package.json lists them. */
export const workspaces = (root) => JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).workspaces;

/** Every file below `folder` whose name `wanted` accepts, relative to root; what is made is left out. */
export function filesBelow(root, folder, wanted) {
  const entries = readdirSync(join(root, folder), { withFileTypes: true });
  return entries.flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return NOT_SOURCE.has(entry.name) ? [] : filesBelow(root, path, wanted);
    return wanted(entry.name) ? [path] : [];
  });
}

/** One hash of what a step is made from: the files' names and text, and the Node version. */
export function fingerprint(root, files) {
  const hash = createHash('sha256').update(process.version);
  for (const file of [...files].sort())
    hash
      .update(`${file}\0`)
      .update(readFileSync(join(root, file)))
      .update('\0');
  return hash.digest('hex');
}

/** Remembers for which fingerprint a step was last done. */
export function mark(root, step) {
  const path = join(root, '.stack', `${step}.done`);
  return {
    /** What was made is not to be trusted any more. */
    remove: () => rmSync(path, { force: true }),
    matches: (value) => existsSync(path) && readFileSync(path, 'utf8') === value,
    write(value) {
      mkdirSync(join(root, '.stack'), { recursive: true });
      writeFileSync(`${path}.new`, value);
      renameSync(`${path}.new`, path);
    },
  };
}
