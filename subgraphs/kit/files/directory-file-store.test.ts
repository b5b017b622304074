import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { directoryFileStore } from './directory-file-store.js';
import { BadFileKey, type FileStore } from './file-store.js';

const USER = fileURLToPath(new URL('./use-file-store.js', import.meta.url));
const run = promisify(execFile);

let root: string;
let store: FileStore;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'files-'));
  store = await directoryFileStore(root);
});
afterEach(() => rm(root, { recursive: true, force: true }));

const drafts = () => readdir(join(root, '.drafts'));
const keysOf = async (after: string | null = null): Promise<string[]> =>
  (await store.list('', after)).map(({ key }) => key);

/** Files below the root that this process has open. */
async function openFiles(): Promise<string[]> {
  const links = await Promise.all(
    (await readdir('/proc/self/fd')).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')),
  );
  return links.filter((path) => path.startsWith(root));
}

describe('A directory of files', () => {
  it('holds each file under its key, for whoever looks at the disk', async () => {
    await store.put('planner/no-tenant/a.txt', Buffer.from('x'));
    expect(await readFile(join(root, 'planner/no-tenant/a.txt'), 'utf8')).toBe('x');
    expect(await drafts()).toEqual([]);
  });

  it('lists folders of thousands page by page, the files of a folder between those beside it', async () => {
    const numbers = Array.from({ length: 2_500 }, (_, at) => String(at).padStart(4, '0'));
    const keys = [
      ...numbers.map((number) => `many/${number}`),
      'many/1000.d/x',
      ...numbers.slice(0, 1_500).map((number) => `many/1500.d/${number}`),
      'more',
    ].sort();
    for (const folder of ['1000.d', '1500.d']) await mkdir(join(root, 'many', folder), { recursive: true });
    for (const key of keys) await writeFile(join(root, key), '');

    const pages: string[][] = [];
    for (let page = await keysOf(); page.length > 0; page = await keysOf(page.at(-1))) pages.push(page);
    expect(pages.flat()).toEqual(keys);
    expect(pages.map((page) => page.length)).toEqual([1_000, 1_000, 1_000, 1_000, keys.length - 4_000]);
  });

  it('holds only whole files when a writer is killed in the middle of it', async () => {
    for (const lines of [1, 4, 9]) {
      const writer = spawn(process.execPath, [USER, root, 'keep-putting'], { stdio: ['ignore', 'pipe', 'inherit'] });
      let seen = 0;
      createInterface(writer.stdout).on('line', () => {
        seen += 1;
        if (seen === lines) writer.kill('SIGKILL');
      });
      await once(writer, 'exit');
      expect(writer.signalCode).toBe('SIGKILL');

      const files = await store.list('', null);
      expect(files.length).toBeGreaterThan(0);
      for (const { key, sizeBytes } of files) {
        const bytes = await readFile(join(root, key));
        expect([sizeBytes, bytes.length]).toEqual([2 * 1024 * 1024, 2 * 1024 * 1024]);
        expect(bytes.equals(Buffer.alloc(bytes.length, bytes[0]))).toBe(true);
      }
    }
  });

  it('sweeps what a killed writer left an hour ago when it is opened, and no draft that may be under way', async () => {
    const old = join(root, '.drafts', 'old');
    await writeFile(old, 'half');
    await writeFile(join(root, '.drafts', 'young'), 'half');
    const secondsAgo = Date.now() / 1_000 - 3_700;
    await utimes(old, secondsAgo, secondsAgo);
    expect(await keysOf()).toEqual([]);

    await directoryFileStore(root);
    expect(await drafts()).toEqual(['young']);
  });

  it('is full where a file may not grow, keeps what was there, and leaves nothing half-written', async () => {
    await store.put('large', Buffer.from('before'));
    // 1,024 blocks: half a megabyte or a whole one, as the shell counts.
    const { stdout } = await run('sh', [
      '-c',
      `ulimit -f 1024; exec "${process.execPath}" "${USER}" "${root}" put-large`,
    ]);
    expect(JSON.parse(stdout)).toEqual({
      name: 'FilesUnavailable',
      why: 'full',
      message: `"large" was not stored (file store in ${root}): no room is left there (EFBIG). Free some, or enlarge the disk or its quota.`,
    });
    expect(await drafts()).toEqual([]);
    expect(await readFile(join(root, 'large'), 'utf8')).toBe('before');
  });

  it('is full where its disk is, and leaves the room it took', async () => {
    const script = `mount -t tmpfs -o size=2m none "${root}" && "${process.execPath}" "${USER}" "${root}" put-large && ls -A "${root}/.drafts"`;
    const outcome = await run('unshare', ['-rm', 'sh', '-c', script]).catch((error: Error) => error);
    if (outcome instanceof Error) {
      console.warn(`Not shown here, for a disk of our own cannot be mounted: ${outcome.message}`);
      return;
    }
    expect(JSON.parse(outcome.stdout)).toEqual({
      name: 'FilesUnavailable',
      why: 'full',
      message: `"large" was not stored (file store in ${root}): no room is left there (ENOSPC). Free some, or enlarge the disk or its quota.`,
    });
  });

  it('is refused where its user may not write', async () => {
    await chmod(root, 0o755);
    await chmod(join(root, '.drafts'), 0o555);
    const { stdout } = await run(process.execPath, [USER, root, 'put-as-nobody']);
    expect(JSON.parse(stdout)).toEqual({
      name: 'FilesUnavailable',
      why: 'refused',
      message: `"small" was not stored (file store in ${root}): this process may not do that there (EACCES). Give its user the right to read and write the directory.`,
    });
    expect(await keysOf()).toEqual([]);
  });

  it('says that its disk is gone, and does not begin another one in its place', async () => {
    await rm(root, { recursive: true });
    const reason = (what: string) =>
      `${what} (file store in ${root}): the directory is gone (ENOENT). Is its disk mounted?`;
    await expect(store.put('a/b', Buffer.from('x'))).rejects.toMatchObject({
      why: 'unreachable',
      message: reason('"a/b" was not stored'),
    });
    expect(await store.health()).toEqual({ name: 'file store', ready: false, reason: reason('A probe failed') });
    await expect(readdir(root)).rejects.toThrow('ENOENT');
  });

  /** Everything that asks the disk, of a store that holds `a/b`. */
  const askAll = (): Promise<unknown>[] => [
    store.put('a/b', Buffer.from('y')),
    store.stat('a/b'),
    store.read('a/b'),
    store.delete('a/b'),
    store.list('', null),
    store.list('a/', null),
  ];

  it.each<[string, () => Promise<unknown>]>([
    ['gone', () => rm(root, { recursive: true })],
    ['an empty folder, as where nothing is mounted', () => rename(join(root, '.drafts'), join(root, 'lost+found'))],
    ['a plain file', () => rm(root, { recursive: true }).then(() => writeFile(root, ''))],
  ])(
    'that is %s is unavailable, whatever is asked: it does not say that there is no such file',
    async (_what, damage) => {
      await store.put('a/b', Buffer.from('x'));
      await rm(join(root, 'a'), { recursive: true });
      await damage();
      for (const asked of await Promise.allSettled(askAll()))
        expect(asked).toMatchObject({ status: 'rejected', reason: { name: 'Error', why: 'unreachable' } });
      expect(await store.health()).toMatchObject({ ready: false });
    },
  );

  it('lets nobody but its user see what it holds, whatever the umask', async () => {
    const umask = process.umask(0);
    try {
      const open = await directoryFileStore(join(root, 'own'));
      await open.put('a/b/c', Buffer.from('x'));
    } finally {
      process.umask(umask);
    }
    const modes = ['', '.drafts', 'a', 'a/b', 'a/b/c'].map(async (path) => (await stat(join(root, 'own', path))).mode);
    expect((await Promise.all(modes)).map((mode) => (mode & 0o777).toString(8))).toEqual([
      '700',
      '700',
      '700',
      '700',
      '600',
    ]);
  });

  it('refuses a folder that is a link to another one, in words, and touches nothing there', async () => {
    await store.put('planner/acme/plan', Buffer.from('of acme'));
    await symlink(join(root, 'planner/acme'), join(root, 'planner/globex'));
    const attempts = {
      'was not stored': () => store.put('planner/globex/plan', Buffer.from('of globex')),
      'cannot be looked at': () => store.stat('planner/globex/plan'),
      'cannot be read': () => store.read('planner/globex/plan'),
      'was not deleted': () => store.delete('planner/globex/plan'),
    };
    const refusal = (what: string) => ({
      why: 'refused',
      message: `${what} (file store in ${root}): its folder "planner/globex" is a link, which is not followed. Put the folder itself there.`,
    });
    for (const [what, attempt] of Object.entries(attempts))
      await expect(attempt()).rejects.toMatchObject(refusal(`"planner/globex/plan" ${what}`));
    await expect(store.put('planner/globex/deep/er', Buffer.from('x'))).rejects.toMatchObject({ why: 'refused' });
    await expect(store.list('planner/globex/', null)).rejects.toMatchObject(
      refusal('The files "planner/globex/…" cannot be listed'),
    );
    expect(await keysOf()).toEqual(['planner/acme/plan']);
    expect(await readdir(join(root, 'planner/acme'))).toEqual(['plan']);
    expect(await readFile(join(root, 'planner/acme/plan'), 'utf8')).toBe('of acme');
    expect(await drafts()).toEqual([]);
  });

  it('does not open where a file is in its way', async () => {
    await store.put('a', Buffer.from('x'));
    await expect(directoryFileStore(join(root, 'a'))).rejects.toMatchObject({
      why: 'unreachable',
      message: expect.stringContaining(`The directory cannot be made (file store in ${join(root, 'a')}): `),
    });
  });

  it('takes no key that is the folder of another, or within one that is a file', async () => {
    await store.put('a/b', Buffer.from('x'));
    await expect(store.put('a', Buffer.from('y'))).rejects.toThrow(BadFileKey);
    await expect(store.put('a/b/c', Buffer.from('y'))).rejects.toThrow(BadFileKey);
    expect(await keysOf()).toEqual(['a/b']);
    expect(await drafts()).toEqual([]);
    await store.delete('a/b');
    await store.put('a', Buffer.from('y'));
    expect(await keysOf()).toEqual(['a']);
  });

  it('leaves no empty folder behind, and loses no file that is put while its folder is removed', async () => {
    const names = Array.from({ length: 20 }, (_, at) => `deep/er/${at}`);
    for (let round = 0; round < 20; round += 1) {
      await Promise.all(
        names.map(async (name, at) => {
          await store.put(name, Buffer.from('x'));
          if (at > 0) await store.delete(name);
        }),
      );
      expect(await keysOf()).toEqual(['deep/er/0']);
      await store.delete('deep/er/0');
      expect(await readdir(root)).toEqual(['.drafts']);
    }
  });

  it('follows no link, and lists nothing that is no key', async () => {
    const outside = await mkdtemp(join(tmpdir(), 'outside-'));
    await writeFile(join(outside, 'secret'), 'secret');
    await mkdir(join(root, 'lost+found'));
    await writeFile(join(root, 'lost+found', 'x'), 'x');
    await writeFile(join(root, 'README'), 'x');
    await symlink(join(outside, 'secret'), join(root, 'link'));
    expect(await keysOf()).toEqual([]);
    expect([await store.stat('link'), await store.read('link')]).toEqual([null, null]);

    await store.put('link', Buffer.from('mine'));
    expect(await readFile(join(outside, 'secret'), 'utf8')).toBe('secret');
    expect(await keysOf()).toEqual(['link']);
    await rm(outside, { recursive: true });
  });

  it('holds a file open until it is read to its end or the read is cancelled', async () => {
    await store.put('large', Buffer.alloc(200_000));
    await store.put('empty', Buffer.alloc(0));
    const [early, late, whole, empty] = await Promise.all(
      ['large', 'large', 'large', 'empty'].map((key) => store.read(key)),
    );
    expect(await openFiles()).toHaveLength(4);

    await early!.body.cancel();
    const reader = late!.body.getReader();
    await reader.read();
    await reader.cancel();
    await new Response(whole!.body).arrayBuffer();
    await new Response(empty!.body).arrayBuffer();
    await expect(store.read('large', { start: 0, end: 200_000 })).rejects.toThrow(RangeError);
    expect(await openFiles()).toEqual([]);
  });

  it('says that a file which became shorter cannot be read to its end', async () => {
    await store.put('large', Buffer.alloc(200_000));
    const { body } = (await store.read('large'))!;
    await writeFile(join(root, 'large'), 'short'); // in place, as the store never does
    await expect(new Response(body).arrayBuffer()).rejects.toMatchObject({ why: 'unreachable' });
    expect(await openFiles()).toEqual([]);
  });
});
