import { existsSync, statSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, realpath, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { until } from '@inevitable/kit/testing';
import { watchProducts } from './watch-products.js';

let folder: string;
let compiled: string;
let endWatching: () => Promise<void>;
let failures: unknown[];
beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'watched-')));
  compiled = join(folder, 'dist');
  failures = [];
  endWatching = await watchProducts({
    products: [{ name: 'a', folder, compiled, entry: join(compiled, 'a.js') }],
    steps: {
      isReadAtRunTime: (path) => path.endsWith('.sql'),
      generateClient: () => Promise.resolve(),
      generateResolverTypes: () => Promise.resolve(),
      forgetMade: () => undefined,
    },
    onChange: () => undefined,
    onFailure: (_product, error) => failures.push(error),
  });
});
afterEach(async () => {
  await endWatching();
  await rm(folder, { recursive: true });
});

const MIGRATION = join('prisma', 'migrations', 'one', 'migration.sql');
const SIZE = 8_000_000;
const copied = (): Promise<string> => readFile(join(compiled, MIGRATION), 'utf8');

describe('A migration that is written while the stack runs', () => {
  it('is where the code reads it, all of it or what was there before', async () => {
    await mkdir(join(folder, MIGRATION, '..'), { recursive: true });
    const texts = ['a', 'b', 'c'].map((letter) => letter.repeat(SIZE));
    const sizes = new Set<number>();
    let isOver = false;
    const looking = (async () => {
      while (!isOver) {
        const found = statSync(join(compiled, MIGRATION), { throwIfNoEntry: false });
        if (found) sizes.add(found.size);
        await new Promise(setImmediate);
      }
    })();
    try {
      for (const text of texts) {
        // Whole at once: a writer that pauses on a busy machine is not what is tried here.
        await writeFile(join(folder, 'next.txt'), text);
        await rename(join(folder, 'next.txt'), join(folder, MIGRATION));
        await until('it is there', async () => (await copied().catch(() => null)) === text);
      }
    } finally {
      isOver = true;
      await looking;
    }
    expect([...sizes]).toEqual([SIZE]);
    expect(failures).toEqual([]);
  });

  it('is gone with its folder when it is removed', async () => {
    await mkdir(join(folder, MIGRATION, '..'), { recursive: true });
    await writeFile(join(folder, MIGRATION), 'select 1;');
    await until('it is there', () => existsSync(join(compiled, MIGRATION)));
    await rm(join(folder, MIGRATION, '..'), { recursive: true });
    await until('its folder is gone', () => !existsSync(join(compiled, MIGRATION, '..')));
    expect(existsSync(join(compiled, 'prisma', 'migrations'))).toBe(true);
    expect(failures).toEqual([]);
  });
});
