import { createHash } from 'node:crypto';
import { existsSync, realpathSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative, sep } from 'node:path';

/** Where a product of this project is. Absolute. */
export interface ProductFiles {
  readonly name: string;
  /** Of its package.json. */
  readonly folder: string;
  /** Where its compiled code is, and what that reads. */
  readonly compiled: string;
  /** The module that supergraph.yaml names. */
  readonly entry: string;
}

/** Null: it is installed, and not part of this project; nobody changes it here. */
export function productFiles(root: string, name: string, module: string): ProductFiles | null {
  const entry = realpathSync(createRequire(join(root, 'package.json')).resolve(module));
  let folder = dirname(entry);
  while (!existsSync(join(folder, 'package.json')) && folder !== dirname(folder)) folder = dirname(folder);
  const within = relative(realpathSync(root), folder);
  if (within.startsWith('..') || within.split(sep).includes('node_modules')) return null;
  return { name, folder, compiled: dirname(entry), entry };
}

/** What only tools read, and what is being written; the schema is compared by itself. */
const NOT_CODE = /\.(d\.ts|map|tsbuildinfo|draft)$/;

/** One hash of what runs: all compiled files of a folder, and what they read, but for `without`. */
export async function codeIn(compiled: string, without: string | null): Promise<string> {
  const hash = createHash('sha256');
  const files = await readdir(compiled, { recursive: true, withFileTypes: true });
  const names = files
    .filter((file) => file.isFile() && !NOT_CODE.test(file.name))
    .map((file) => join(file.parentPath, file.name))
    .filter((name) => name !== without)
    .sort();
  for (const name of names)
    hash
      .update(`${name}\0`)
      .update(await readFile(name))
      .update('\0');
  return hash.digest('hex');
}
