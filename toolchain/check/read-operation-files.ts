import { readdir, readFile, stat } from 'node:fs/promises';
import { join, resolve, sep } from 'node:path';
import type { KnownOperation } from './known-operation.js';
import { operationsInTexts, OperationsUnreadable } from './operations-in-texts.js';

/** Of one file: a manifest of 10,000 operations has about as many kilobytes. */
const MAX_BYTES = 50 * 1_024 * 1_024;
const NAMES = /\.(graphql|gql|json)$/i;

/**
 * The operations that are named by files, folders (`.graphql` and `.gql` files below it) or patterns (`*`, `**`, `?`,
 * `{a,b}`), relative to `from`. `node_modules` and hidden folders are passed over. Throws `OperationsUnreadable`: also
 * for one that names no file at all, because whoever mistypes a path must not pass for that.
 */
export async function readOperationFiles(paths: readonly string[], from: string): Promise<readonly KnownOperation[]> {
  const files = new Set<string>();
  for (const path of paths) for (const file of await filesOf(path, from)) files.add(file);
  const texts = await Promise.all([...files].map(async (file) => ({ file, text: await textOf(file) })));
  return operationsInTexts(texts);
}

async function filesOf(path: string, from: string): Promise<readonly string[]> {
  const whole = resolve(from, path);
  const kind = await stat(whole).catch(() => null);
  if (kind?.isFile()) {
    if (NAMES.test(whole)) return [whole];
    throw new OperationsUnreadable(`--operations ${path} is neither a .graphql nor a .json file.`);
  }
  const found = kind?.isDirectory()
    ? (await filesBelow(whole)).filter((file) => /\.(graphql|gql)$/i.test(file))
    : await matching(path, from);
  if (found.length > 0) return found.toSorted();
  throw new OperationsUnreadable(`--operations ${path} names no file.`);
}

async function matching(pattern: string, from: string): Promise<readonly string[]> {
  const segments = resolve(from, pattern).split(sep);
  const fixed = segments.findIndex((segment) => /[*?{]/.test(segment));
  if (fixed === -1) return [];
  const expression = patternOf(segments.slice(fixed).join('/'));
  const below = segments.slice(0, fixed).join(sep) || sep;
  const files = await filesBelow(below);
  return files.filter((file) => {
    const inside = file.slice(below.endsWith(sep) ? below.length : below.length + 1);
    return NAMES.test(file) && expression.test(inside.split(sep).join('/'));
  });
}

async function filesBelow(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const found = await Promise.all(
    entries.map(async (entry) => {
      const path = join(folder, entry.name);
      if (entry.isFile()) return [path];
      const isPassedOver = entry.name === 'node_modules' || entry.name.startsWith('.');
      return entry.isDirectory() && !isPassedOver ? filesBelow(path) : [];
    }),
  );
  return found.flat();
}

/** `**` stands for any folders, `*` and `?` for anything within a name, `{a,b}` for one of them. */
function patternOf(pattern: string): RegExp {
  const source = pattern.replace(/\*\*\/|\*\*|\*|\?|\{[^{}/]*\}|[\\^$.|+()[\]{}]/g, (token) => {
    if (token === '**/') return '(?:[^/]+/)*';
    if (token === '**') return '.*';
    if (token === '*') return '[^/]*';
    if (token === '?') return '[^/]';
    if (token.length > 1)
      return `(?:${token
        .slice(1, -1)
        .split(',')
        .map((option) => option.replace(/[\\^$.|+()[\]*?]/g, '\\$&'))
        .join('|')})`;
    return `\\${token}`;
  });
  return new RegExp(`^${source}$`);
}

async function textOf(file: string): Promise<string> {
  try {
    const { size } = await stat(file);
    if (size > MAX_BYTES) throw new OperationsUnreadable(`${file} has more than 50 MB.`);
    return await readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof OperationsUnreadable) throw error;
    throw new OperationsUnreadable(`${file} cannot be read (${(error as NodeJS.ErrnoException).code}).`);
  }
}
