import { cp, rm, rmdir } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { filesBelow, fingerprint, mark, workspaces } from './fingerprint.js';
import { runNode } from './run-tool.js';

/** What a package reads at run time beside its code. */
const isAsset = (name) => /\.(graphql|sql|html)$/.test(name);
/** A workspace's folder of templates: all of it is read at run time, whatever it is called. */
const TEMPLATES = 'templates';
/** `path`: of a file, from its workspace. */
export const isReadAtRunTime = (path) => isAsset(path) || path.startsWith(`${TEMPLATES}/`);
const isSource = (name) => isAsset(name) || /\.ts$|^tsconfig.*\.json$|^package\.json$/.test(name);

/** Files of a workspace that are copied beside its code. */
const assetsOf = (root, folder) => [
  ...filesBelow(root, folder, isAsset).filter((file) => !file.startsWith(`${folder}/${TEMPLATES}/`)),
  ...templatesOf(root, folder),
];
const templatesOf = (root, folder) =>
  existsSync(join(root, folder, TEMPLATES)) ? filesBelow(root, `${folder}/${TEMPLATES}`, () => true) : [];

const inputs = (root) => [
  'tsconfig.json',
  'tsconfig.base.json',
  ...workspaces(root).flatMap((folder) =>
    filesBelow(root, folder, (name) => isSource(name) && !name.endsWith('.test.ts')),
  ),
  ...workspaces(root).flatMap((folder) => templatesOf(root, folder)),
];

/** One that is gone from the source would still be read: a template packed, a migration applied. */
async function bringAssets(root, folder) {
  const dist = join(root, folder, 'dist');
  await rm(join(dist, TEMPLATES), { recursive: true, force: true });
  for (const copy of filesBelow(root, `${folder}/dist`, isAsset)) {
    if (existsSync(join(root, copy.replace('/dist/', '/')))) continue;
    await rm(join(root, copy));
    await rmdir(dirname(join(root, copy))).catch(() => undefined); // a migration's folder goes with its file; where others are left this fails, as it should
  }
  for (const file of assetsOf(root, folder)) await cp(join(root, file), join(dist, file.slice(folder.length + 1)));
}

/** `tsc -b` into each workspace's `dist/`, and beside it the files its code reads. */
export const compileStep = {
  title: 'compiling',
  async isDone(root) {
    const compiled = workspaces(root).every((folder) => existsSync(join(root, folder, 'dist')));
    return compiled && mark(root, 'compile').matches(fingerprint(root, inputs(root)));
  },
  async run(root) {
    const from = fingerprint(root, inputs(root)); // not of what is written while it compiles
    await runNode(root, join(root, 'node_modules/typescript/bin/tsc'), ['-b']);
    for (const folder of workspaces(root)) {
      await bringAssets(root, folder);
    }
    mark(root, 'compile').write(from);
  },
};
