import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { TenantId } from '@inevitable/contract';
import { directoryFileStore } from './directory-file-store.js';
import { BadFileKey, type FileStore } from './file-store.js';
import { tenantFiles } from './tenant-files.js';

const ACME = '018f0000-0000-7000-8000-00000000000a' as TenantId;
const GLOBEX = '018f0000-0000-7000-8000-00000000000b' as TenantId;

let root: string;
let store: FileStore;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'files-'));
  store = await directoryFileStore(root);
});
afterEach(() => rm(root, { recursive: true, force: true }));

const keysOf = async (files: Pick<FileStore, 'list'>, prefix = '', after: string | null = null): Promise<string[]> =>
  (await files.list(prefix, after)).map(({ key }) => key);

/** The same key of two tenants, of none, and of a product whose name begins like ours. */
async function everybodysFiles() {
  const files = {
    acme: tenantFiles(store, 'planner', ACME),
    globex: tenantFiles(store, 'planner', GLOBEX),
    nobody: tenantFiles(store, 'planner', null),
    other: tenantFiles(store, 'planner-two', ACME),
  };
  for (const [owner, own] of Object.entries(files)) await own.put('docs/a', Buffer.from(owner));
  return files;
}

describe("A tenant's files", () => {
  it("are another tenant's, another product's and nobody's neither by content nor by name", async () => {
    const files = await everybodysFiles();
    expect(await keysOf(store)).toEqual([
      `planner-two/${ACME}/docs/a`,
      `planner/${ACME}/docs/a`,
      `planner/${GLOBEX}/docs/a`,
      'planner/no-tenant/docs/a',
    ]);
    for (const [owner, own] of Object.entries(files)) {
      const content = await own.read('docs/a');
      expect(content!.file).toEqual(await own.stat('docs/a'));
      expect(content!.file).toMatchObject({ key: 'docs/a', sizeBytes: owner.length });
      expect(await new Response(content!.body).text()).toBe(owner);
      expect(await keysOf(own)).toEqual(['docs/a']);
    }
    await files.acme.delete('docs/a');
    expect(await keysOf(store)).toEqual([
      `planner-two/${ACME}/docs/a`,
      `planner/${GLOBEX}/docs/a`,
      'planner/no-tenant/docs/a',
    ]);
  });

  it.each([
    `../${GLOBEX}/docs/a`,
    `docs/../../${GLOBEX}/docs/a`,
    `../../planner/${GLOBEX}/docs/a`,
    `/planner/${GLOBEX}/docs/a`,
    `./../${GLOBEX}/docs/a`,
    `..%2f${GLOBEX}/docs/a`,
    `..\\${GLOBEX}\\docs\\a`,
    `docs/a\u0000`,
    `../no-tenant/docs/a`,
    '..',
    '',
    `${'a/'.repeat(200)}a`,
  ])('are not left by the key %j', async (key) => {
    const { acme } = await everybodysFiles();
    for (const attempt of [
      () => acme.put(key, Buffer.from('mine')),
      () => acme.stat(key),
      () => acme.read(key),
      () => acme.read(key, { start: 0, end: 1 }),
      () => acme.delete(key),
      () => acme.list('', key),
    ])
      await expect(attempt()).rejects.toThrow(BadFileKey);
    expect(await new Response((await store.read(`planner/${GLOBEX}/docs/a`))!.body).text()).toBe('globex');
    expect(await keysOf(store)).toHaveLength(4);
  });

  it.each(['../', `../${GLOBEX}/`, '/', `/planner/${GLOBEX}/`, 'docs/../../', '.', '..', '\u0000'])(
    'are not left by the prefix %j',
    async (prefix) => {
      const { acme } = await everybodysFiles();
      await expect(acme.list(prefix, null)).rejects.toThrow(BadFileKey);
    },
  );

  it.each(['a', '0', 'no-tenant', 'zz', ACME, GLOBEX])("are listed as one's own alone after %j, too", async (after) => {
    const { acme } = await everybodysFiles();
    await acme.put('zzz', Buffer.from('x'));
    expect(await keysOf(acme, '', after)).toEqual(['docs/a', 'zzz'].filter((key) => key > after));
  });

  it("hold a key that looks like another tenant's path as one of their own", async () => {
    const { acme } = await everybodysFiles();
    const key = `planner/${GLOBEX}/docs/a`;
    expect(await acme.read(key)).toBeNull();
    await acme.put(key, Buffer.from('mine'));
    expect(await keysOf(acme)).toEqual(['docs/a', key]);
    expect(await keysOf(acme, `planner/${GLOBEX}/`)).toEqual([key]);
    expect(await new Response((await store.read(key))!.body).text()).toBe('globex');
  });

  it('have keys of 400 characters', async () => {
    const { acme } = await everybodysFiles();
    const key = `${'a/'.repeat(199)}ab`;
    await acme.put(key, Buffer.from('x'));
    expect(await keysOf(acme, 'a/')).toEqual([key]);
  });
});
