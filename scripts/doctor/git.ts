import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { ok, problem, warning, type Check, type Said } from './check.js';

/** What is made from other files, and is not to be committed. */
const MADE = ['*/dist/*', '*/generated/*', 'dist/*', 'generated/*', '.stack/*', '.data/*', '*.tsbuildinfo'];
const MIGRATIONS = ['*/prisma/migrations/*'];

/** What git knows of files that are made, and of migrations, which never change once they are committed. */
export const gitCheck: Check = {
  name: 'git',
  async run({ root }, signal) {
    const git = async (...args: string[]): Promise<string[]> => {
      const { stdout } = await promisify(execFile)('git', args, { cwd: root, signal, maxBuffer: 64 * 1024 * 1024 });
      return stdout.split('\0').filter((line) => line !== '');
    };
    const inside = await git('rev-parse', '--is-inside-work-tree').catch(() => null);
    if (!inside) return [ok('This is no git repository: nothing to compare with.')];
    const [committed, changed, lock] = await Promise.all([
      git('ls-files', '-z', '--', ...MADE),
      git('diff', '-z', '--name-only', '--diff-filter=MDR', 'HEAD', '--', ...MIGRATIONS).catch(() => []),
      git('diff', '-z', '--name-only', 'HEAD', '--', 'package.json', 'package-lock.json').catch(() => []),
    ]);
    const said: Said[] = [];
    if (committed.length)
      said.push(
        problem(
          `Files that every start makes anew are in git: ${listed(committed)}.`,
          'Run: git rm -r --cached on them. .gitignore keeps new ones out.',
        ),
      );
    if (changed.length)
      said.push(
        problem(
          `Migrations that are committed were changed: ${listed(changed)}.`,
          'Restore them (git checkout), and write the change as a new migration: databases that have them refuse another text.',
        ),
      );
    if (lock.length === 1 && lock[0] === 'package-lock.json')
      said.push(
        warning(
          'package-lock.json was changed and package.json was not: npm may have dropped packages of other platforms.',
          'Look at it: git diff package-lock.json',
        ),
      );
    return said.length ? said : [ok('Nothing that is made is in git, and no committed migration was changed.')];
  },
};

const SHOWN = 3;
const listed = (files: readonly string[]): string =>
  files.slice(0, SHOWN).join(', ') + (files.length > SHOWN ? ` and ${files.length - SHOWN} more` : '');
