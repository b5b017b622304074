import { mkdir, readFile, rm, rmdir } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { watch } from 'chokidar';
import { writeAtomically } from '../parts/write-atomically.js';
import type { ProductFiles } from './product-files.js';

/** What `scripts/prepare` does at every start, for one workspace while it is worked on. */
export interface ProductSteps {
  /** Of a file, from its workspace, with `/`. */
  isReadAtRunTime(path: string): boolean;
  generateClient(folder: string): Promise<void>;
  generateResolverTypes(folder: string): Promise<void>;
  /** What is generated and compiled is of no text that a start has made: the next one makes it anew. */
  forgetMade(): void;
}

export interface WatchedProducts {
  readonly products: readonly ProductFiles[];
  readonly steps: ProductSteps;
  /** What the compiler does not see was brought to where the code reads it. */
  readonly onChange: () => void;
  readonly onFailure: (product: string, error: unknown) => void;
}

/** A file is emptied before it is written, and is told of once. Milliseconds. */
const WRITTEN = { stabilityThreshold: 60, pollInterval: 20 };

const NOT_SOURCE = new Set(['node_modules', 'dist', 'generated', 'bench']);

/**
 * Follows the files of products that are no code: migrations and templates go to where compiled code reads them, a Prisma
 * schema becomes a client, a GraphQL schema resolver types. The GraphQL schema itself goes there when it composes, by
 * others. Answers a function that ends it once nothing is under way.
 */
export async function watchProducts({
  products,
  steps,
  onChange,
  onFailure,
}: WatchedProducts): Promise<() => Promise<void>> {
  let working: Promise<void> = Promise.resolve();
  const watcher = watch(
    products.map(({ folder }) => folder),
    {
      ignoreInitial: true,
      awaitWriteFinish: WRITTEN,
      ignored: (path, stats) => {
        const product = products.find(({ folder }) => path.startsWith(folder + sep));
        if (!product) return false;
        const inside = insideOf(product, path);
        if (inside.split('/').some((part) => NOT_SOURCE.has(part))) return true;
        return stats?.isFile() === true && !isWatched(inside);
      },
    },
  );
  const isWatched = (inside: string): boolean => inside === 'prisma/schema.prisma' || steps.isReadAtRunTime(inside);

  async function take(product: ProductFiles, path: string, isGone: boolean): Promise<void> {
    const { folder, compiled } = product;
    const inside = insideOf(product, path);
    steps.forgetMade();
    try {
      if (inside === 'prisma/schema.prisma') await steps.generateClient(folder);
      else if (inside === 'schema.graphql')
        await steps.generateResolverTypes(folder).catch(() => undefined); // composing it says what is wrong
      else {
        const copy = join(compiled, inside);
        if (isGone) {
          await rm(copy, { force: true });
          await rmdir(dirname(copy)).catch(() => undefined); // a migration's folder goes with its file; where others are left this fails, as it should
        } else {
          await mkdir(dirname(copy), { recursive: true });
          await writeAtomically(copy, await readFile(path)); // whoever loads it now applies all of a migration, or none
        }
        onChange();
      }
    } catch (error) {
      onFailure(product.name, error);
    }
  }

  await new Promise<void>((resolve) => void watcher.once('ready', resolve));
  watcher.on('all', (event, path) => {
    const product = products.find(({ folder }) => path.startsWith(folder + sep));
    if (!product || event === 'addDir' || event === 'unlinkDir') return;
    working = working.then(() => take(product, path, event === 'unlink'));
  });
  return async () => {
    await watcher.close();
    await working;
  };
}

const insideOf = ({ folder }: ProductFiles, path: string): string => relative(folder, path).split(sep).join('/');
