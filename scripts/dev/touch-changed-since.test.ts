import { mkdir, mkdtemp, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, it } from '@jest/globals';
import { touchChangedSince } from './touch-changed-since.js';

it('What was written while the compiler worked is new to it afterwards, and nothing else is', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'touched-'));
  const since = Date.now() - 60_000;
  const files = { 'resolvers/late.ts': 1, 'old.ts': -1, 'notes.md': 1, 'dist/late.ts': 1, 'node_modules/x/late.ts': 1 };
  for (const [name, side] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), '');
    const time = new Date(since + side * 1_000);
    await utimes(join(folder, name), time, time);
  }
  expect(await touchChangedSince(folder, since)).toBe(1);
  expect((await stat(join(folder, 'resolvers/late.ts'))).mtimeMs).toBeGreaterThan(since + 10_000);
  expect((await stat(join(folder, 'notes.md'))).mtimeMs).toBeLessThan(since + 10_000);
});
