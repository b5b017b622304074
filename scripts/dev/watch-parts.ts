import { existsSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { watch } from 'chokidar';

/** What a stack is made of beside its products; a running process has loaded it once. */
const PARTS = [
  'identity/contract',
  'identity/service',
  'subgraphs/kit',
  'subgraphs/operations',
  'gateway',
  'toolchain',
  'scripts',
] as const;

/** A file is emptied before it is written, and is told of once. Milliseconds. */
const WRITTEN = { stabilityThreshold: 60, pollInterval: 20 };

const NOT_SOURCE = new Set(['node_modules', 'dist', 'generated', 'bench']);

export interface WatchedParts {
  /** The folders in which code has changed since. */
  readonly changed: readonly string[];
  close(): Promise<void>;
}

/** Follows what takes a new start: that code, and the file `config`, which may say so. */
export async function watchParts(root: string, config: string, onChange: () => void): Promise<WatchedParts> {
  const changed = new Set<string>();
  const folders = PARTS.filter((part) => existsSync(join(root, part)));
  const watcher = watch([config, ...folders.map((part) => join(root, part))], {
    ignoreInitial: true,
    awaitWriteFinish: WRITTEN,
    ignored: (path, stats) =>
      path !== config &&
      path.startsWith(root + sep) &&
      (relative(root, path)
        .split(sep)
        .some((name) => NOT_SOURCE.has(name)) ||
        (stats?.isFile() === true && (!path.endsWith('.ts') || path.endsWith('.test.ts')))),
  });
  await new Promise<void>((resolve) => void watcher.once('ready', resolve));
  watcher.on('all', (event, path) => {
    if (path === config) return onChange();
    const part = folders.find((folder) => path.startsWith(join(root, folder) + sep));
    if (!part || event === 'addDir' || event === 'unlinkDir') return;
    changed.add(part);
    onChange();
  });
  return {
    get changed() {
      return [...changed].sort();
    },
    close: () => watcher.close(),
  };
}
