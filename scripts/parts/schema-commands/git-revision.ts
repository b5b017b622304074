import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { gitEnvironment } from './git-environment.js';

const run = promisify(execFile);
const TIMEOUT_MS = 10_000;

/**
 * The commit that `folder` is at, with `-dirty` where something in the folder is not committed. Null: it is in no
 * repository, or has no commit, or there is no git.
 */
export async function gitRevision(folder: string, env: NodeJS.ProcessEnv): Promise<string | null> {
  const git = async (...args: string[]): Promise<string> =>
    (await run('git', ['-C', folder, ...args], { timeout: TIMEOUT_MS, env: gitEnvironment(env) })).stdout.trim();
  try {
    const commit = await git('rev-parse', '--verify', 'HEAD');
    return (await git('status', '--porcelain', '--', '.')) === '' ? commit : `${commit}-dirty`;
  } catch {
    return null;
  }
}
