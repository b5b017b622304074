import { access, realpath } from 'node:fs/promises';
import { dirname, isAbsolute, join, relative, sep } from 'node:path';

/** The folder of the git repository that `folder` is in; `folder` itself where it is in none. Links are followed. */
export async function repositoryOf(folder: string): Promise<string> {
  const start = await realpath(folder);
  for (let above = start; ; above = dirname(above)) {
    const isRepository = await access(join(above, '.git')).then(
      () => true,
      () => false,
    );
    if (isRepository) return above;
    if (dirname(above) === above) return start;
  }
}

/** Whether a file that is there lies, links followed, elsewhere than below `folder` (absolute, without links). */
export async function isOutside(file: string, folder: string): Promise<boolean> {
  const inside = relative(folder, await realpath(file));
  return inside === '..' || inside.startsWith(`..${sep}`) || isAbsolute(inside);
}
