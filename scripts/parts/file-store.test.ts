import { chmod, chown, mkdir, mkdtemp, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import S3rver from 's3rver';
import { readSettings } from '../settings/settings.js';
import { Closers } from './closers.js';
import { FileStoreUnusable, openFileStore } from './file-store.js';

let folder: string;
let closers: Closers;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stack-files-'));
  closers = new Closers();
});
afterEach(async () => {
  expect(await closers.closeAll()).toEqual([]);
  await rm(folder, { recursive: true, force: true });
});

const open = (env: NodeJS.ProcessEnv) => openFileStore(readSettings(env, folder), closers);

async function refusalOf(env: NodeJS.ProcessEnv): Promise<string> {
  const error = await open(env).then(
    () => new Error('it is opened'),
    (reason: Error) => reason,
  );
  expect(error).toBeInstanceOf(FileStoreUnusable);
  return error.message;
}

const modeOf = async (path: string): Promise<number> => (await stat(path)).mode & 0o777;

describe('A directory of files', () => {
  it('is made where it is missing, and nobody else may enter it', async () => {
    const { files, checks } = await open({ DATA_DIR: join(folder, 'data') });
    await files.put('starter/no-tenant/a.txt', Buffer.from('a'));
    expect(await modeOf(join(folder, 'data/files'))).toBe(0o700);
    expect(await checks['file store']!()).toEqual({ name: 'file store', ready: true, reason: null });
  });

  it('that is there already keeps its mode where others may not write, and they see nothing of what is in it', async () => {
    const shared = join(folder, 'shared');
    await mkdir(shared, { mode: 0o750 });
    const { files } = await open({ FILES_DIR: shared });
    await files.put('starter/no-tenant/a.txt', Buffer.from('a'));
    const modes = ['.', 'starter', 'starter/no-tenant', 'starter/no-tenant/a.txt'].map((at) =>
      modeOf(join(shared, at)),
    );
    expect(await Promise.all(modes)).toEqual([0o750, 0o700, 0o700, 0o600]);
  });

  it.each(['770', '777', '1777'])('is refused where others can write to it, as with mode %s', async (mode) => {
    const shared = join(folder, 'shared');
    await mkdir(shared);
    await chmod(shared, parseInt(mode, 8));
    const link = join(folder, 'link');
    await symlink(shared, link);
    for (const path of [shared, link])
      expect(await refusalOf({ FILES_DIR: path })).toBe(
        `Files cannot be kept in ${path}. Other users can write to the folder ${path}: make sure that all in it is yours and run chmod go-w on it, or choose another folder with FILES_DIR, such as a new one in it.`,
      );
    expect(await readdir(shared)).toEqual([]);
    await open({ FILES_DIR: join(shared, 'own') });
    expect(await modeOf(join(shared, 'own'))).toBe(0o700);
  });

  it('is refused where it belongs to somebody else', async () => {
    const theirs = join(folder, 'theirs');
    await mkdir(theirs);
    if (process.getuid!() !== 0) return; // only root can give a folder away
    await chown(theirs, 65_534, 65_534);
    expect(await refusalOf({ FILES_DIR: theirs })).toBe(
      `Files cannot be kept in ${theirs}. The folder ${theirs} belongs to somebody else (uid 65534; this is uid 0): start as its owner, or choose another folder with FILES_DIR, such as a new one in it.`,
    );
  });

  it('is refused in words where it cannot be', async () => {
    const file = join(folder, 'a-file');
    await writeFile(file, '');
    expect(await refusalOf({ FILES_DIR: join(file, 'below') })).toBe(
      `Files cannot be kept in ${join(file, 'below')}. The folder cannot be made (ENOTDIR): choose another with FILES_DIR, or change its owner.`,
    );
    expect(await refusalOf({ FILES_DIR: file })).toMatch(`Files cannot be kept in ${file}. The folder cannot be made`);
  });

  it('is looked at once, however many ask at once whether it is ready', async () => {
    const { checks } = await open({ DATA_DIR: join(folder, 'data') });
    const answers = Array.from({ length: 100 }, () => checks['file store']!());
    expect(new Set(answers).size).toBe(1);
  });

  it('that breaks later is not ready, in words', async () => {
    const path = join(folder, 'files');
    const { checks } = await open({ FILES_DIR: path });
    await rm(path, { recursive: true });
    const health = await checks['file store']!();
    expect(health).toMatchObject({ name: 'file store', ready: false });
    expect(health.reason).toContain(path);
  });
});

describe('A bucket', () => {
  const settings = (port: number): NodeJS.ProcessEnv => ({
    S3_ENDPOINT: `http://127.0.0.1:${port}`,
    S3_BUCKET: 'stack-files',
    S3_ACCESS_KEY_ID: 'S3RVER',
    S3_SECRET_ACCESS_KEY: 'S3RVER',
  });
  async function s3(): Promise<number> {
    const server = new S3rver({
      port: 0,
      address: '127.0.0.1',
      silent: true,
      directory: join(folder, 's3'),
      configureBuckets: [{ name: 'stack-files', configs: [] }],
    });
    const { port } = await server.run();
    closers.add('S3', () => server.close());
    return port;
  }

  it('is used where its settings are given', async () => {
    const { files, checks } = await open(settings(await s3()));
    await files.put('starter/no-tenant/a.txt', Buffer.from('a'));
    expect((await files.list('', null)).map(({ key }) => key)).toEqual(['starter/no-tenant/a.txt']);
    expect(await checks['file store']!()).toEqual({ name: 'file store', ready: true, reason: null });
    await expect(stat(join(folder, '.data/files'))).rejects.toThrow('ENOENT');
  });

  it.each([
    ['it does not exist', { S3_BUCKET: 'another' }],
    ['the access key is not known', { S3_ACCESS_KEY_ID: 'a-wrong-key' }],
  ])('is refused in words where %s', async (_what, wrong) => {
    const refusal = await refusalOf({ ...settings(await s3()), ...wrong });
    expect(refusal).toMatch(/^Files cannot be kept in the bucket of S3_ENDPOINT\. .*\.$/);
    expect(refusal).not.toMatch(/S3RVER|a-wrong|undefined/);
  });
});
