import { isNode, isSeq, parseDocument, type Node } from 'yaml';
import { SubgraphRefused } from './subgraph-names.js';

/**
 * The text of a JSON file with one item more in the list `key`, behind the last one that `isNeighbour` names; everything
 * else stays as it is written. `item` is JSON. Throws `SubgraphRefused`.
 */
export function addToList(
  text: string,
  file: string,
  key: string,
  item: string,
  isNeighbour: (item: string) => boolean,
): string {
  // JSON is YAML, and this parser says where everything is.
  const list = parseDocument(text).get(key, true);
  const items = isSeq(list) ? list.items.filter((each): each is Node => isNode(each)) : [];
  if (!items.length) throw new SubgraphRefused(`${file} has no list "${key}" to name the new product in.`);
  const textOf = ({ range }: Node): string => text.slice(range![0], range![1]);
  const neighbour = items.findLastIndex((each) => isNeighbour(textOf(each)));
  const behind = items[neighbour === -1 ? items.length - 1 : neighbour]!;
  // As the others stand: one on each line, or all of them on one.
  const separator =
    items.length > 1
      ? text.slice(items[0]!.range![1], items[1]!.range![0])
      : `,${text.slice((list as Node).range![0] + 1, items[0]!.range![0]) || ' '}`;
  const at = behind.range![1];
  return text.slice(0, at) + separator + item + text.slice(at);
}

/** A workspace as npm writes it into a lock file. */
export interface LockedWorkspace {
  /** From the root, with slashes. */
  readonly folder: string;
  readonly name: string;
  readonly version: string;
  readonly dependencies: Readonly<Record<string, string>>;
}

interface LockFile {
  readonly packages: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/**
 * The text of a lock file (lockfileVersion 2 or 3) with one workspace more, as `npm install` would have written it: its two
 * entries at their places, and its folder in the root's list. `workspaces` is package.json's list; null for the file in
 * node_modules, which has no entry of the root. Throws `SubgraphRefused`.
 */
export function addToLockFile(
  text: string,
  file: string,
  { folder, name, version, dependencies }: LockedWorkspace,
  workspaces: readonly string[] | null,
): string {
  const lock = JSON.parse(text) as LockFile;
  if (typeof lock.packages !== 'object') throw new SubgraphRefused(`${file} is of a version of npm that is too old.`);
  const entries = Object.entries(lock.packages);
  const add = (key: string, entry: Record<string, unknown>): void => {
    // As npm sorts them; what is there stays where it is.
    const at = entries.findIndex(([each]) => each.localeCompare(key, 'en') > 0);
    entries.splice(at === -1 ? entries.length : at, 0, [key, entry]);
  };
  add(`node_modules/${name}`, { resolved: folder, link: true });
  add(folder, { name, version, dependencies: sorted(dependencies) });
  const packages = Object.fromEntries(
    entries.map(([key, entry]) => [key, key === '' && workspaces ? { ...entry, workspaces } : entry]),
  );
  const indent = /^\{\r?\n([ \t]+)/.exec(text)?.[1] ?? '';
  const end = /\s*$/.exec(text)![0];
  const written = JSON.stringify({ ...lock, packages }, null, indent) + end;
  return text.includes('\r\n') ? written.replace(/\r?\n/g, '\r\n') : written;
}

const sorted = (entries: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(entries).sort(([a], [b]) => a.localeCompare(b, 'en')));
