import { execFile } from 'node:child_process';
import { isAbsolute, relative, sep } from 'node:path';
import { promisify } from 'node:util';
import { MAX_SCHEMA_BYTES } from '@inevitable/toolchain/compose';
import { gitEnvironment } from './git-environment.js';

const run = promisify(execFile);

/** A revision, or a file of it, cannot be read. The message is one sentence that says which. */
export class GitUnreadable extends Error {}

/** Files as they were in one revision. */
export interface GitFiles {
  /** The whole hash of the commit. */
  readonly commit: string;
  /** An absolute path, wherever the file would be now. Throws `GitUnreadable`. */
  read(path: string): Promise<string>;
}

const TIMEOUT_MS = 30_000;

/** A reference that a shell and git take for nothing else, so that a command with it may be recommended. */
const PLAIN_REF = /^\w[\w./-]*$/;

/** Opens a branch, tag or commit of the repository that `folder` is in. Throws `GitUnreadable`. */
export async function openGitFiles(ref: string, folder: string, env: NodeJS.ProcessEnv): Promise<GitFiles> {
  if (ref.startsWith('-')) throw new GitUnreadable(`"${ref}" is no git revision: none begins with "-".`);
  const git = gitIn(folder, env);
  await git(['rev-parse', '--git-dir'], ({ stderr }) =>
    stderr.includes('not a git repository') ? `${folder} is in no git repository.` : null,
  );
  const found = await git(
    ['rev-parse', '--verify', '--quiet', '--end-of-options', `${ref}^{commit}`],
    () =>
      `There is no git revision "${ref}" in ${folder}: a shallow clone may lack it${PLAIN_REF.test(ref) ? ` (git fetch origin ${ref})` : ''}.`,
  );
  const commit = found.trim();
  return {
    commit,
    async read(path) {
      const inside = relative(folder, path);
      if (isAbsolute(inside)) throw new GitUnreadable(`${path} is in no git repository with ${folder}.`);
      // Relative to the folder, not to the repository's root: the way there may lead through links.
      const name = `./${inside.split(sep).join('/')}`;
      return git(['cat-file', 'blob', `${commit}:${name}`], ({ stderr, code }) => {
        if (code === 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER') return `${path} of revision "${ref}" has more than 10 MB.`;
        if (/outside repository/.test(stderr)) return `${path} is not in the git repository of ${folder}.`;
        return /does not exist|exists on disk, but not/.test(stderr) ? `${path} is not in revision "${ref}".` : null;
      });
    },
  };
}

interface GitFailure {
  readonly stderr: string;
  /** An exit code, or why there is none. */
  readonly code: number | string | undefined;
}

/** What git prints. `explain` makes a sentence of what it complains about; null: git's own words are told. */
type Git = (args: readonly string[], explain: (failure: GitFailure) => string | null) => Promise<string>;

function gitIn(folder: string, env: NodeJS.ProcessEnv): Git {
  const own = gitEnvironment(env);
  return async (args, explain) => {
    try {
      const { stdout } = await run('git', ['-C', folder, ...args], {
        maxBuffer: MAX_SCHEMA_BYTES,
        timeout: TIMEOUT_MS,
        env: own,
      });
      return stdout;
    } catch (error) {
      const { stderr = '', code } = error as Partial<GitFailure>;
      if (code === 'ENOENT') throw new GitUnreadable('git is not installed: a revision cannot be read without it.');
      const [first = 'no reason given'] = stderr.replace(/^fatal: /, '').split('\n');
      throw new GitUnreadable(explain({ stderr, code }) ?? `git ${args[0]} failed in ${folder}: ${first}`);
    }
  };
}
