import { afterEach, describe, expect, it } from '@jest/globals';
import {
  chmod,
  chown,
  lchown,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DataDirectoryUnusable, openDataDirectory, replaceSecretFile, secretFile } from './data-directory.js';
import { serviceCredentials } from './service-credentials.js';

const nobody = 65_534;
const made = () => 'made';

describe('The data directory', () => {
  it('is made with its parents, and entered but not listed by others', async () => {
    const path = join(await newFolder(), 'one/two');
    await openDataDirectory(path);
    expect(await permissions(path)).toBe(0o711);
    expect(await readdir(path)).toEqual([]);
  });

  it('is opened by several at once that have the same pid, as containers have', async () => {
    const path = await newFolder();
    const openOften = async () => {
      for (let time = 0; time < 25; time++) await openDataDirectory(path);
    };
    await Promise.all(Array.from({ length: 8 }, openOften));
    expect(await readdir(path)).toEqual([]);
  });

  it('may be reached through a link of ours', async () => {
    const [folder, path] = [await newFolder(), join(await newFolder(), 'link')];
    await symlink(folder, path);
    await openDataDirectory(path);
    expect(await secretFile(join(path, 'secret'), made)).toBe('made');
  });

  it('is refused when other users can write to it', async () => {
    const path = await newFolder();
    for (const mode of [0o777, 0o770, 0o1777]) {
      await chmod(path, mode);
      await expectRefusal(openDataDirectory(path), `Other users can write to the folder ${path}: `);
    }
  });

  if (process.getuid?.() === 0) {
    it('is refused when it belongs to somebody else, or the link to it does', async () => {
      const path = await newFolder();
      await chown(path, nobody, nobody);
      await expectRefusal(openDataDirectory(path), `${path} belongs to somebody else (uid ${nobody}; this is uid 0): `);

      const [folder, link] = [await newFolder(), join(path, 'link')];
      await symlink(folder, link);
      await lchown(link, nobody, nobody);
      await expectRefusal(openDataDirectory(link), `${link} belongs to somebody else (uid ${nobody}; `);
    });
  }
});

describe('A secret file', () => {
  it('is made once, for us alone, also by two who ask at the same time', async () => {
    const path = join(await newFolder(), 'secret');
    const [first, second] = await Promise.all([secretFile(path, () => 'one'), secretFile(path, () => 'two')]);
    expect(second).toBe(first);
    expect(await secretFile(path, made)).toBe(first);
    expect(await permissions(path)).toBe(0o600);
  });

  it('is refused when it can be reached by others', async () => {
    const path = join(await newFolder(), 'secret');
    await writeFile(path, 'planted');
    for (const mode of [0o640, 0o604, 0o602]) {
      await chmod(path, mode);
      await expectRefusal(secretFile(path, made), `The secret file ${path} can be reached by other users: `);
    }
  });

  it('is refused when it is a link or no file', async () => {
    const folder = await newFolder();
    const [link, dangling, directory] = ['link', 'dangling', 'directory'].map((name) => join(folder, name));
    await writeFile(join(folder, 'planted'), 'planted', { mode: 0o600 });
    await symlink('planted', link!);
    await symlink('nowhere', dangling!);
    await mkdir(directory!, { mode: 0o700 });
    await expectRefusal(secretFile(link!, made), `${link} is a link: `);
    await expectRefusal(secretFile(dangling!, made), `${dangling} is a link: `);
    await expectRefusal(secretFile(directory!, made), `${directory} is not a regular file: `);
  });

  it('is neither read nor made in a folder that others can write to', async () => {
    const folder = await newFolder(0o777);
    await writeFile(join(folder, 'planted'), 'planted', { mode: 0o600 });
    const what = `Other users can write to the folder ${folder}: `;
    await expectRefusal(secretFile(join(folder, 'planted'), made), what);
    await expectRefusal(secretFile(join(folder, 'missing'), made), what);
    await expectRefusal(replaceSecretFile(join(folder, 'planted'), 'new'), what);
    expect(await readdir(folder)).toEqual(['planted']);
  });

  it('is replaced under its name: what a link of that name leads to stays', async () => {
    const folder = await newFolder();
    await writeFile(join(folder, 'victim'), 'untouched');
    await symlink('victim', join(folder, 'secret'));
    await replaceSecretFile(join(folder, 'secret'), 'new');
    expect(await readFile(join(folder, 'victim'), 'utf8')).toBe('untouched');
    expect(await secretFile(join(folder, 'secret'), made)).toBe('new');
    expect((await readdir(folder)).sort()).toEqual(['secret', 'victim']);
  });

  if (process.getuid?.() === 0) {
    it('is refused when it belongs to somebody else', async () => {
      const path = join(await newFolder(), 'secret');
      await writeFile(path, 'planted', { mode: 0o600 });
      await chown(path, nobody, nobody);
      await expectRefusal(secretFile(path, made), `${path} belongs to somebody else (uid ${nobody}; this is uid 0): `);
    });
  }
});

describe('Service credentials', () => {
  it('are made in a folder for us alone, and refused from one that others can write to', async () => {
    const dataDir = await newFolder();
    await serviceCredentials(dataDir, ['gateway']);
    const folder = join(dataDir, 'credentials');
    expect(await permissions(folder)).toBe(0o700);
    await chmod(folder, 0o777);
    await expectRefusal(serviceCredentials(dataDir, ['gateway']), `Other users can write to the folder ${folder}: `);
  });
});

const folders: string[] = [];
afterEach(() => Promise.all(folders.splice(0).map((folder) => rm(folder, { recursive: true }))));

async function newFolder(mode = 0o711): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'data-directory-'));
  await chmod(folder, mode);
  folders.push(folder);
  return folder;
}

const permissions = async (path: string): Promise<number> => (await lstat(path)).mode & 0o777;

async function expectRefusal(act: Promise<unknown>, what: string): Promise<void> {
  const error = await act.catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(DataDirectoryUnusable);
  expect((error as Error).message).toContain(what);
}
