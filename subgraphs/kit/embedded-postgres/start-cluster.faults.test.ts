import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { transformFile } from '@swc/core';
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import {
  chmod,
  chown,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Client } from 'pg';
import { ClusterUnavailable, startCluster, type Cluster, type StartClusterOptions } from './index.js';

describe('The embedded PostgreSQL', () => {
  it('keeps its data from one start to the next', async () => {
    const dataDir = await newFolder();
    const first = await start({ dataDir });
    await query(first, 'create table note (text text)');
    await query(first, `insert into note values ('kept')`);
    await first.stop();
    const second = await start({ dataDir });
    expect(await query(second, 'select text from note')).toEqual([{ text: 'kept' }]);
  });

  it('asks everyone for the password', async () => {
    const { url } = await start({ dataDir: await newFolder() });
    const stranger = new URL(url);
    stranger.password = 'guess';
    await expect(query({ url: stranger.href }, 'select 1')).rejects.toMatchObject({ code: '28P01' });
  });

  it('writes neither statements nor values to its log', async () => {
    const dataDir = await newFolder();
    const cluster = await start({ dataDir });
    await query(cluster, 'create table person (email text unique)');
    const insert = () => query(cluster, `insert into person values ('ada@example.com')`);
    await insert();
    await expect(insert()).rejects.toMatchObject({ code: '23505' });
    const log = await readFile(join(dataDir, 'postgres/postgres.log'), 'utf8');
    expect(log).toContain('duplicate key');
    expect(log).not.toContain('ada@example.com');
  });

  it('is one server for two processes that start at once, until the last of them leaves', async () => {
    const dataDir = await newFolder();
    const [ours, theirs] = await Promise.all([start({ dataDir }), startInAnotherProcess(dataDir)]);
    expect(theirs.url).toBe(ours.url);
    await ours.stop();
    expect(await query(theirs, 'select 1 as alive')).toEqual([{ alive: 1 }]);
    await theirs.leave();
    await expect(query(ours, 'select 1')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('is shared within one process too', async () => {
    const dataDir = await newFolder();
    const [first, second] = await Promise.all([start({ dataDir }), start({ dataDir, database: 'another' })]);
    await first.stop();
    await first.stop();
    expect(await query(second, 'select current_database() as name')).toEqual([{ name: 'another' }]);
  });

  it('survives the process that started it, and stops when the next one leaves', async () => {
    const dataDir = await newFolder();
    const killed = await startInAnotherProcess(dataDir);
    await killed.kill();
    const next = await start({ dataDir });
    expect(next.url).toBe(killed.url);
    await next.stop();
    await expect(query(next, 'select 1')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('has every confirmed row after it was killed', async () => {
    const dataDir = await newFolder();
    const before = await start({ dataDir, fsync: true });
    await query(before, 'create table payment (amount int)');
    await query(before, 'insert into payment values (42)');
    process.kill(await serverPid(before), 'SIGKILL');
    const after = await start({ dataDir, fsync: true });
    expect(await query(after, 'select amount from payment')).toEqual([{ amount: 42 }]);
  });

  it('begins again when its creation was killed in the middle', async () => {
    const dataDir = await newFolder();
    const doomed = spawnUser(dataDir);
    const halfDone = () => filesBelow(join(dataDir, 'postgres')).some((file) => file.endsWith('data/PG_VERSION'));
    await until(halfDone);
    doomed.kill('SIGKILL');
    const cluster = await start({ dataDir });
    expect(await query(cluster, 'select 1 as alive')).toEqual([{ alive: 1 }]);
  });

  it('leaves data of another major version alone and says so', async () => {
    const dataDir = await newFolder();
    const { directory, stop } = await start({ dataDir });
    await stop();
    await writeFile(join(directory, 'PG_VERSION'), '12\n');
    await expect(start({ dataDir })).rejects.toThrow(`The data in ${directory} is of PostgreSQL 12`);
    expect(await readdir(directory)).toContain('pg_wal');
  });

  it('says in one sentence which directory it cannot write to', async () => {
    const file = join(await newFolder(), 'file');
    await writeFile(file, '');
    const refused = await start({ dataDir: join(file, 'data') }).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(ClusterUnavailable);
    expect((refused as Error).message).toBe(
      `The data directory ${file}/data cannot be written to (ENOTDIR): make it writable for this user, or choose another one.`,
    );
  });

  it('shows the end of its log when it does not start', async () => {
    const dataDir = await newFolder();
    const { directory, stop } = await start({ dataDir });
    await stop();
    await writeFile(join(directory, 'postgresql.conf'), 'no_such_setting = 1\n');
    await expect(start({ dataDir })).rejects.toThrow(/did not start on .*unrecognized configuration parameter/s);
  });

  it('refuses a directory in which others can plant something', async () => {
    const dataDir = await newFolder(0o777);
    await expect(start({ dataDir })).rejects.toThrow(`Other users can write to ${dataDir}: `);
    expect(await readdir(dataDir)).toEqual([]);
  });

  if (process.getuid?.() === 0) {
    it('moves, as root, out of a directory its user cannot enter, and says where', async () => {
      const dataDir = join(await newFolder(0o700), 'data');
      const reports: string[] = [];
      const cluster = await start({ dataDir, report: (line) => reports.push(line) });
      const home = dirname(cluster.directory);
      expect(home).toMatch(/^\/var\/lib\/inevitable-[0-9a-f]{12}$/);
      expect(reports).toEqual([expect.stringContaining(`so the database lives in ${home}.`)]);
      expect(readlinkSync(join(dataDir, 'postgres/data'))).toBe(cluster.directory);
    });

    it('refuses, as root, the directory of somebody else, and changes nothing that a link in it leads to', async () => {
      const [dataDir, victim] = [await newFolder(), await newVictim()];
      await mkdir(join(dataDir, 'postgres'));
      await symlink(victim, join(dataDir, 'postgres/data'));
      execFileSync('chown', ['-hR', `${nobody}`, dataDir]);
      await expect(start({ dataDir })).rejects.toThrow(`${dataDir} belongs to somebody else (uid ${nobody}; `);
      expect(await ownersOf(victim)).toEqual([0, 0]);

      await chown(dataDir, 0, 0);
      const state = join(dataDir, 'postgres');
      await expect(start({ dataDir })).rejects.toThrow(`${state} belongs to somebody else (uid ${nobody}; `);
      expect(await ownersOf(victim)).toEqual([0, 0]);
    });

    it('refuses, as root, a link to anywhere but its own place, and changes nothing there', async () => {
      const [dataDir, victim] = [await newFolder(), await newVictim()];
      await mkdir(join(dataDir, 'postgres'));
      await symlink(victim, join(dataDir, 'postgres/data'));
      await expect(start({ dataDir })).rejects.toThrow(`postgres/data leads to ${victim}, `);
      expect(await ownersOf(victim)).toEqual([0, 0]);
    });

    it('refuses, as root, files that are no cluster, and leaves them to their owner', async () => {
      const dataDir = await newFolder();
      const data = join(dataDir, 'postgres/data');
      await mkdir(join(data, 'sub'), { recursive: true });
      await writeFile(join(data, 'sub/file'), '');
      await expect(start({ dataDir })).rejects.toThrow(`${data} holds something else than PostgreSQL's data`);
      expect(await ownersOf(data)).toEqual([0, 0]);
    });

    it('runs on data that root restored, and changes nothing that a link in it leads to', async () => {
      const [dataDir, victim] = [await newFolder(), await newVictim()];
      const before = await start({ dataDir });
      await query(before, 'create table note (text text)');
      await before.stop();
      execFileSync('chown', ['-hR', '0:0', before.directory]);
      await symlink(victim, join(before.directory, 'base/victim'));
      const after = await start({ dataDir });
      expect(await query(after, `select to_regclass('note') as note`)).toEqual([{ note: 'note' }]);
      expect(await ownersOf(victim)).toEqual([0, 0]);
    });

    it('removes, as root, what a killed creation left with no more rights than the database user has', async () => {
      const dataDir = await newFolder();
      const [left, notTheirs] = ['unfinished-1', 'unfinished-2'].map((name) => join(dataDir, 'postgres', name)) as [
        string,
        string,
      ];
      await mkdir(join(left, 'data/base'), { recursive: true });
      await mkdir(join(notTheirs, 'data/base'), { recursive: true });
      execFileSync('chown', ['-R', `${nobody}`, left]);
      await chown(notTheirs, nobody, nobody);
      await start({ dataDir });
      expect(existsSync(left)).toBe(false);
      expect(existsSync(join(notTheirs, 'data/base'))).toBe(true);
    });

    it('starts empty, and keeps what was, when a directory it had moved out of was deleted', async () => {
      const dataDir = join(await newFolder(0o700), 'data');
      const before = await start({ dataDir });
      await query(before, 'create table note (text text)');
      await before.stop();
      await rm(dataDir, { recursive: true });
      const reports: string[] = [];
      const after = await start({ dataDir, report: (line) => reports.push(line) });
      expect(await query(after, `select to_regclass('note') as note`)).toEqual([{ note: null }]);
      const [kept] = (await readdir(dirname(after.directory))).filter((name) => name.startsWith('data-until-'));
      expect(reports[0]).toContain(`is kept in ${dirname(after.directory)}/${kept}.`);
    });
  }
});

const clusters: Cluster[] = [];
const children: ChildProcess[] = [];
const folders: string[] = [];
let program: string;

beforeAll(async () => {
  program = await compileUserProgram();
});

afterEach(async () => {
  await Promise.all(children.splice(0).map((child) => ended(child, 'SIGKILL')));
  await Promise.all(clusters.splice(0).map((cluster) => cluster.stop()));
  for (const folder of folders.splice(0)) {
    await until(() => !commandLines().some((line) => line.includes(folder))); // an orphaned initdb, too, comes to its end
    await rm(folder, { recursive: true });
  }
});

afterAll(() => rm(dirname(program), { recursive: true }));

/** As root a new folder is entered by root alone; unless told otherwise, ours lets the database user pass. */
async function newFolder(mode = 0o711): Promise<string> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'embedded-postgres-')));
  await chmod(folder, mode);
  folders.push(folder);
  return folder;
}

const nobody = 65_534;

/** A folder of root's that nothing may touch. */
async function newVictim(): Promise<string> {
  const folder = await newFolder();
  await mkdir(join(folder, 'sub'));
  await writeFile(join(folder, 'sub/file'), '');
  return folder;
}

async function ownersOf(victim: string): Promise<number[]> {
  const found = await Promise.all([stat(victim), stat(join(victim, 'sub/file'))]);
  return found.map(({ uid }) => uid);
}

async function start(options: StartClusterOptions): Promise<Cluster> {
  const cluster = await startCluster({ fsync: false, ...options });
  clusters.push(cluster);
  const home = dirname(cluster.directory);
  if (!home.startsWith(options.dataDir) && !folders.includes(home)) folders.push(home);
  return cluster;
}

/** Starts a cluster, prints its url, and leaves when its input ends. */
const userProgram = `
  import { startCluster } from './index.js';
  const cluster = await startCluster({ dataDir: process.argv[2], fsync: false });
  process.stdin.on('end', () => cluster.stop()).resume();
  console.log(cluster.url);
`;

function spawnUser(dataDir: string): ChildProcess {
  const child = spawn(process.execPath, [program, dataDir], { stdio: ['pipe', 'pipe', 'inherit'] });
  children.push(child);
  return child;
}

async function startInAnotherProcess(dataDir: string) {
  const child = spawnUser(dataDir);
  const [url] = (await once(child.stdout!, 'data')) as [Buffer];
  return {
    url: url.toString().trim(),
    kill: () => ended(child, 'SIGKILL'),
    leave: () => {
      child.stdin!.end();
      return ended(child);
    },
  };
}

async function ended(child: ChildProcess, signal?: 'SIGKILL'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  if (signal) child.kill(signal);
  await exit;
}

/** Node 20 does not run TypeScript: writes our sources as JavaScript beside the program, and returns its path. */
async function compileUserProgram(): Promise<string> {
  const source = dirname(fileURLToPath(import.meta.url));
  const folder = await mkdtemp(join(tmpdir(), 'embedded-postgres-user-'));
  await symlink(nodeModules(source), join(folder, 'node_modules'));
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
  await writeFile(join(folder, 'user.js'), userProgram);
  for (const name of (await readdir(source)).filter((file) => /(?<!\.test)\.ts$/.test(file))) {
    const { code } = await transformFile(join(source, name), {
      jsc: { target: 'es2022', parser: { syntax: 'typescript' } },
      module: { type: 'es6' },
    });
    await writeFile(join(folder, name.replace(/ts$/, 'js')), code);
  }
  return join(folder, 'user.js');
}

function nodeModules(from: string): string {
  const here = join(from, 'node_modules');
  return existsSync(join(here, 'embedded-postgres')) ? here : nodeModules(dirname(from));
}

async function query({ url }: { url: string }, sql: string): Promise<unknown[]> {
  const client = new Client({ connectionString: url });
  client.on('error', () => {});
  try {
    await client.connect();
    return (await client.query(sql)).rows;
  } finally {
    await client.end().catch(() => {});
  }
}

async function serverPid({ directory }: Cluster): Promise<number> {
  return Number.parseInt(await readFile(join(directory, 'postmaster.pid'), 'utf8'), 10);
}

function filesBelow(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder, { recursive: true, encoding: 'utf8' }) : [];
}

/** Of every process; none where there is no /proc. */
function commandLines(): string[] {
  const pids = existsSync('/proc') ? readdirSync('/proc').filter((name) => /^\d+$/.test(name)) : [];
  return pids.map((pid) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
    } catch {
      return ''; // it has ended meanwhile
    }
  });
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(5);
}
