import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chown, lstat, mkdir, open, readFile, readdir, rename, rm, rmdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { newClaim } from './claims.js';
import type { Place } from './choose-place.js';
import { ClusterUnavailable } from './cluster-unavailable.js';
import { cannotRun, type Binaries } from './prepare-binaries.js';

/** Creates the cluster's files unless they exist, and returns the superuser's password. Call under the lock. */
export async function ensureData(place: Place, binaries: Binaries, fsync: boolean): Promise<string> {
  const found = await readText(join(place.data, 'PG_VERSION'));
  const passwordFile = join(place.state, 'password');
  const password = await readText(passwordFile);
  if (found === null) {
    const chosen = password ?? (await keepPassword(passwordFile));
    await createData(place, binaries, chosen, fsync);
    return chosen;
  }
  if (Number(found) !== binaries.major) {
    throw new ClusterUnavailable(
      `The data in ${place.data} is of PostgreSQL ${found} and this is PostgreSQL ${binaries.major}: start the former version to dump it, or move the folder aside to start empty.`,
    );
  }
  if (password === null) {
    throw new ClusterUnavailable(
      `The password to the data in ${place.data} is gone: put ${passwordFile} back, or move the data folder aside to start empty.`,
    );
  }
  return password;
}

async function readText(file: string): Promise<string | null> {
  return existsSync(file) ? (await readFile(file, 'utf8')).trim() : null;
}

async function keepPassword(file: string): Promise<string> {
  const password = randomBytes(24).toString('base64url'); // needs no escaping in a URL
  await writeFile(`${file}.new`, password, { mode: 0o600, flush: true });
  await rename(`${file}.new`, file);
  return password;
}

/** Works in a folder beside, and renames when all is done: data that has its name is complete. */
async function createData({ home, data, account }: Place, binaries: Binaries, password: string, fsync: boolean) {
  if (existsSync(data) && (await readdir(data)).length > 0) {
    throw new ClusterUnavailable(`${data} holds something else than PostgreSQL's data: move it aside.`);
  }
  await removeUnfinished(home);
  const workshop = join(home, `unfinished-${newClaim()}`);
  const passwordFile = join(workshop, 'password');
  await mkdir(workshop, { mode: 0o700 });
  await writeFile(passwordFile, password, { mode: 0o600 });
  if (account) {
    await chown(passwordFile, account.uid, account.gid);
    await chown(workshop, account.uid, account.gid);
  }
  try {
    await runInitdb(binaries, account, [
      `--pgdata=${join(workshop, 'data')}`,
      '--username=postgres',
      `--pwfile=${passwordFile}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      '--locale=C',
      '--locale-provider=builtin', // Unicode case rules without the system's locales, the same on every machine
      '--builtin-locale=C.UTF-8',
      ...(fsync ? [] : ['--no-sync']),
    ]);
    await rename(join(workshop, 'data'), data);
    if (fsync) await syncFolder(dirname(data)); // or a power cut could take the name back, and rows with it
  } finally {
    await removeWorkshop(workshop);
  }
}

/** What a start that was killed left behind. Its initdb may still write; what it holds on to is removed next time. */
async function removeUnfinished(home: string): Promise<void> {
  const left = (await readdir(home)).filter((name) => name.startsWith('unfinished-'));
  await Promise.allSettled(left.map((name) => removeWorkshop(join(home, name))));
}

/** As the user it belongs to, who could otherwise swap a folder for a link just before root removes what is in it. */
async function removeWorkshop(path: string): Promise<void> {
  const { uid, gid } = await lstat(path);
  if (process.getuid === undefined || uid === process.getuid()) return rm(path, { recursive: true });
  await once(spawn('/bin/rm', ['-rf', path], { uid, gid, env: {}, cwd: '/', stdio: 'ignore' }), 'close');
  await rmdir(path); // the folder around it is ours
}

async function runInitdb({ initdb, environment }: Binaries, account: Place['account'], flags: string[]): Promise<void> {
  // In a session of its own: Ctrl-C must end us, in order, and not this in the middle.
  const child = spawn(initdb, flags, {
    ...account,
    env: environment,
    cwd: '/',
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let complaint = '';
  child.stderr.on('data', (chunk: Buffer) => (complaint += chunk.toString()));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', (error) => reject(cannotRun(initdb, error)));
    child.once('close', resolve);
  });
  if (code !== 0) {
    throw new ClusterUnavailable(`${initdb} could not create the database files (exit ${code}):\n${complaint.trim()}`);
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path);
  await folder.sync();
  await folder.close();
}
