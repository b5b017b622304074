import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { runTask } from '../src/task.js';

let folder;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'task-'));
});
afterEach(() => rm(folder, { recursive: true }));

describe('The task', () => {
  it('counts the files of a folder and what is in them, however deep', async () => {
    await mkdir(join(folder, 'deep'));
    await writeFile(join(folder, 'a.txt'), '12345');
    await writeFile(join(folder, 'deep', 'b.txt'), '123');
    assert.deepEqual(await runTask({ folder, signal: new AbortController().signal }), { files: 2, bytes: 8 });
  });

  it('gives up when it is asked to', async () => {
    await writeFile(join(folder, 'a.txt'), '');
    await assert.rejects(runTask({ folder, signal: AbortSignal.abort() }), { name: 'AbortError' });
  });
});
