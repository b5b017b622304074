import { constants } from 'node:fs';
import { access, lstat, opendir, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { assertOurs } from '../parts/data-directory.js';
import { ok, problem, warning, type Check, type Said } from './check.js';
import { findEmbedded } from './patient.js';

/** Files of secrets; those of services are all of `credentials/`. */
const SECRET_FILES = ['secret', 'demo-password', 'database-secret', join('postgres', 'password')];
const CREDENTIALS = 'credentials';
const MIB = 1024 ** 2;

/** Its rights, what was left by a stack that was killed, and its size. */
export const dataDirectoryCheck: Check = {
  name: 'data directory',
  async run({ settings }, signal) {
    if (!settings) return [];
    const { dataDir } = settings;
    const found = await stat(dataDir).catch(({ code }: NodeJS.ErrnoException) => code ?? 'unknown');
    if (found === 'ENOENT') return [ok(`${dataDir} does not exist: the first start makes it.`)];
    if (typeof found === 'string')
      return [
        problem(`${dataDir} cannot be looked at (${found}).`, 'Choose another with DATA_DIR, or change its owner.'),
      ];
    if (!found.isDirectory()) return [problem(`${dataDir} is not a folder.`, 'Choose another place with DATA_DIR.')];
    return [...(await rightsOf(dataDir)), ...(await leftoversIn(dataDir)), await sizeOf(dataDir, signal)];
  },
};

async function rightsOf(dataDir: string): Promise<Said[]> {
  const said: Said[] = [];
  try {
    await assertOurs(dataDir);
    await access(dataDir, constants.W_OK);
    said.push(ok(`${dataDir} is ours, and nobody else can write to it.`));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    said.push(
      problem(code ? `${dataDir} cannot be written (${code}).` : message, 'No part starts before that is mended.'),
    );
  }
  const credentials = await readdir(join(dataDir, CREDENTIALS)).catch(() => []);
  for (const name of [...SECRET_FILES, ...credentials.map((file) => join(CREDENTIALS, file))]) {
    const path = join(dataDir, name);
    const file = await lstat(path).catch(() => null);
    if (!file) continue;
    if (!file.isFile()) said.push(problem(`The secret ${path} is not a regular file.`, 'Put the file itself there.'));
    else if (process.getuid && file.mode & 0o077)
      said.push(
        problem(
          `The secret ${path} can be reached by other users.`,
          `Make sure that it is what you put there, and run: chmod 600 ${path}`,
        ),
      );
  }
  return said;
}

async function leftoversIn(dataDir: string): Promise<Said[]> {
  const embedded = await findEmbedded(dataDir).catch(({ code }: NodeJS.ErrnoException) => code ?? 'unknown');
  if (typeof embedded === 'string')
    return [problem(`The embedded database in ${dataDir} cannot be looked at (${embedded}).`, 'Look as its owner.')];
  switch (embedded.kind) {
    case 'killed':
      return [
        warning(
          `The embedded database was killed: its postmaster.pid names process ${embedded.pid}, which is not a server of this data.`,
          'Nothing needs to be done: the next start recovers what was confirmed. Find out who killed it.',
        ),
      ];
    case 'running':
      return [ok(`The embedded database runs as process ${embedded.pid} on port ${embedded.port}.`)];
    case 'stopped':
      return [ok('The embedded database was stopped in order.')];
    case 'never started':
      return [];
  }
}

/** Without following links. Stops where its time is over, and says so. */
async function sizeOf(dataDir: string, signal: AbortSignal): Promise<Said> {
  const folders = [dataDir];
  let [bytes, files] = [0, 0];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    if (signal.aborted) return ok(`It has more than ${Math.round(bytes / MIB)} MiB in more than ${files} files.`);
    const entries = await opendir(folder).catch(() => null);
    if (!entries) continue; // not ours to look into, or gone meanwhile
    for await (const entry of entries) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) folders.push(path);
      else if (entry.isFile()) {
        bytes += (await lstat(path).catch(() => null))?.size ?? 0;
        files += 1;
      }
      if (signal.aborted) break;
    }
  }
  return ok(`It has ${Math.round(bytes / MIB)} MiB in ${files} files.`);
}
