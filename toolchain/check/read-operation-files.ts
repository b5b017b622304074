import { readdir, readFile, stat } from 'node:fs/promises';
import { join, resolve, sep } from 'node:path';
import type { KnownOperation } from './known-operation.js';
import { operationsInTexts, OperationsUnreadable, type OperationText } from './operations-in-texts.js';

/** Of one file: a manifest of 10,000 operations has about as many kilobytes. */
const MAX_BYTES = 50 * 1_024 * 1_024;
export interface OperationFileLimits {
  /** Of all that is named together. */
  readonly files: number;
  /** Files and folders that one folder or pattern makes us look at. */
  readonly entries: number;
}

const LIMITS: OperationFileLimits = { files: 10_000, entries: 100_000 };
const NAMES = /\.(graphql|gql|json)$/i;

/** The operations of `readOperationTexts`. */
export const readOperationFiles = async (
  paths: readonly string[],
  from: string,
  limits = LIMITS,
): Promise<readonly KnownOperation[]> => operationsInTexts(await readOperationTexts(paths, from, limits));

/**
 * The texts with operations that are named by files, folders (`.graphql` and `.gql` files below it) or patterns (`*`, `**`, `?`,
 * `{a,b}`), relative to `from`. `node_modules` and hidden folders are passed over. Throws `OperationsUnreadable`: also
 * for one that names no file at all, because whoever mistypes a path must not pass for that.
 */
export async function readOperationTexts(
  paths: readonly string[],
  from: string,
  limits = LIMITS,
): Promise<readonly OperationText[]> {
  const files = new Set<string>();
  for (const path of paths) {
    for (const file of await filesOf(path, from, limits)) files.add(file);
    if (files.size > limits.files) throw tooMany(path, limits.files, 'files');
  }
  const texts: OperationText[] = [];
  for (const file of files) texts.push({ file, text: await textOf(file) }); // one after the other: few are open at a time
  return texts;
}

async function filesOf(path: string, from: string, limits: OperationFileLimits): Promise<readonly string[]> {
  const whole = resolve(from, path);
  const kind = await stat(whole).catch(() => null);
  if (kind?.isFile()) {
    if (NAMES.test(whole)) return [whole];
    throw new OperationsUnreadable(`--operations ${path} is neither a .graphql nor a .json file.`);
  }
  const found = kind?.isDirectory()
    ? (await filesBelow(whole, path, limits)).filter((file) => /\.(graphql|gql)$/i.test(file))
    : await matching(path, from, limits);
  if (found.length > 0) return found.toSorted();
  throw new OperationsUnreadable(`--operations ${path} names no file.`);
}

async function matching(pattern: string, from: string, limits: OperationFileLimits): Promise<readonly string[]> {
  const segments = resolve(from, pattern).split(sep);
  const fixed = segments.findIndex((segment) => /[*?{]/.test(segment));
  if (fixed === -1) return [];
  const expression = patternOf(segments.slice(fixed).join('/'));
  const below = segments.slice(0, fixed).join(sep) || sep;
  const files = await filesBelow(below, pattern, limits);
  return files.filter((file) => {
    const inside = file.slice(below.endsWith(sep) ? below.length : below.length + 1);
    return NAMES.test(file) && expression.test(inside.split(sep).join('/'));
  });
}

/** Files alone: no links, which may lead in a circle, no pipes and no devices. */
async function filesBelow(folder: string, asked: string, { entries }: OperationFileLimits): Promise<readonly string[]> {
  const folders = [folder];
  const files: string[] = [];
  let seen = 0;
  for (const below of folders)
    for (const entry of await readdir(below, { withFileTypes: true }).catch(() => [])) {
      seen += 1;
      if (seen > entries) throw tooMany(asked, entries, 'files and folders');
      const isPassedOver = entry.name === 'node_modules' || entry.name.startsWith('.');
      if (entry.isFile()) files.push(join(below, entry.name));
      else if (entry.isDirectory() && !isPassedOver) folders.push(join(below, entry.name));
    }
  return files;
}

const tooMany = (asked: string, most: number, what: string): OperationsUnreadable =>
  new OperationsUnreadable(
    `--operations ${asked} leads to more than ${most.toLocaleString('en')} ${what}: name a narrower folder or pattern.`,
  );

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
