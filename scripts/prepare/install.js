import { existsSync, readFileSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fingerprint, mark, workspaces } from './fingerprint.js';
import { runTool } from './run-tool.js';

const INPUTS = ['package.json', 'package-lock.json'];

/** `npm ci`: exactly the lock file, tools included, without a script. */
export const installStep = {
  title: 'installing dependencies',
  async isDone(root) {
    // A person's own `npm ci` counts too: npm writes this file last.
    if (!existsSync(join(root, 'node_modules', '.package-lock.json'))) return false;
    const done = mark(root, 'install');
    return done.matches(fingerprint(root, INPUTS)) || (await adoptInstall(root, done));
  },
  async run(root) {
    await runTool(root, process.platform === 'win32' ? 'npm.cmd' : 'npm', [
      'ci',
      '--include=dev',
      '--no-audit',
      '--no-fund',
      '--loglevel=error',
    ]);
    mark(root, 'install').write(fingerprint(root, INPUTS));
  },
};

/** node_modules made by someone else is taken as it is when it is newer than the lock file. */
async function adoptInstall(root, done) {
  const [installed, locked] = await Promise.all([
    stat(join(root, 'node_modules', '.package-lock.json')),
    stat(join(root, 'package-lock.json')),
  ]);
  const linked = workspaces(root).every((folder) => existsSync(join(root, 'node_modules', nameOf(root, folder))));
  if (installed.mtimeMs < locked.mtimeMs || !linked) return false;
  done.write(fingerprint(root, INPUTS));
  return true;
}

const nameOf = (root, folder) => JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')).name;
