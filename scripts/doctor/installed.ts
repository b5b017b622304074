import { lstat, readFile, readlink, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { ok, problem, warning, type Check, type Said } from './check.js';

type Packages = Readonly<
  Record<
    string,
    {
      readonly version?: string;
      readonly link?: true;
      readonly resolved?: string;
      readonly optional?: true;
      readonly dev?: true;
      readonly devOptional?: true;
      readonly inBundle?: true;
    }
  >
>;

/** node_modules against the lock file: versions, and the links to the workspaces. */
export const installedCheck: Check = {
  name: 'packages',
  async run({ root }) {
    const [locked, installed, manifest] = await Promise.all(
      ['package-lock.json', 'node_modules/.package-lock.json', 'package.json'].map((file) =>
        readJson(join(root, file)),
      ),
    );
    if (!locked || !manifest)
      return [problem('package.json or package-lock.json cannot be read.', 'Restore them from git.')];
    if (!installed) return [problem('Nothing is installed.', 'Run: npm ci')];
    const [wanted, has] = [locked['packages'] as Packages, installed['packages'] as Packages];
    const workspaces = manifest['workspaces'] as readonly string[];
    const said = [
      ...workspacesSaid(wanted, workspaces),
      ...(await linksSaid(root, wanted)),
      ...versionsSaid(wanted, has),
    ];
    if (said.length) return said;
    return [
      ok(
        `node_modules has the ${Object.keys(has).length} packages of package-lock.json, and links to every workspace.`,
      ),
    ];
  },
};

async function readJson(path: string): Promise<Record<string, unknown> | null> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>;
  } catch {
    return null;
  }
}

const REINSTALL = 'Run: npm ci';

function workspacesSaid(wanted: Packages, workspaces: readonly string[]): Said[] {
  const unlocked = workspaces.filter((folder) => !wanted[folder]);
  if (!unlocked.length) return [];
  return [
    problem(
      `package-lock.json does not know ${unlocked.join(', ')}, which package.json lists: "npm ci" refuses that.`,
      'Run: npm install --package-lock-only',
    ),
  ];
}

async function linksSaid(root: string, wanted: Packages): Promise<Said[]> {
  const wrong: string[] = [];
  for (const [path, { link, resolved }] of Object.entries(wanted)) {
    if (!link || resolved === undefined) continue;
    const place = join(root, path);
    const found = await lstat(place).catch(() => null);
    const target = found?.isSymbolicLink() ? resolve(dirname(place), await readlink(place)) : null;
    if (target === null || !(await isSame(target, join(root, resolved)))) wrong.push(path);
  }
  if (!wrong.length) return [];
  return [problem(`${wrong.join(', ')} does not lead to the workspace.`, REINSTALL)];
}

async function isSame(one: string, other: string): Promise<boolean> {
  const [a, b] = await Promise.all([one, other].map((path) => stat(path).catch(() => null)));
  return a != null && b != null && a.ino === b.ino && a.dev === b.dev;
}

/** How many are named before the rest is counted. */
const NAMED = 5;

function versionsSaid(wanted: Packages, has: Packages): Said[] {
  // After `npm ci --omit=dev`, as in a container, none is there that tools alone need.
  const hasTools = Object.keys(has).some((path) => wanted[path]?.dev);
  const differs = Object.entries(wanted).flatMap(([path, { version, link, optional, devOptional, dev }]) => {
    if (!path.includes('node_modules/') || link) return [];
    const own = has[path];
    if (!own) return optional || devOptional || (dev && !hasTools) ? [] : [`${nameOf(path)} ${version} is missing`];
    return own.version === version ? [] : [`${nameOf(path)} is ${own.version}, not ${version}`];
  });
  if (!differs.length) return [];
  const rest = differs.length > NAMED ? ` and ${differs.length - NAMED} more` : '';
  return [
    warning(
      `node_modules is not what package-lock.json says: ${differs.slice(0, NAMED).join(', ')}${rest}.`,
      REINSTALL,
    ),
  ];
}

const nameOf = (path: string): string => path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
