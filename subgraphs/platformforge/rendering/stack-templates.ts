import { readdir, readFile, stat } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { join, relative, sep } from 'node:path';
import type { TemplateContent, TemplateFile } from './known-template.js';
import { templateContent } from './template-content.js';
import { manifestFault, templateManifest, type TemplateManifest } from './template-manifest.js';
import { pathClash, templatePathFault } from './template-path.js';

/** Beside this folder in the source, and in what is compiled of it. */
const FOLDER = fileURLToPath(new URL('../templates/', import.meta.url));

let read: Promise<ReadonlyMap<string, TemplateContent>> | null = null;

/** The stack's own templates, internal ones included, in order of their names. Read once; a bad one is our own fault. */
export const stackTemplates = (): Promise<ReadonlyMap<string, TemplateContent>> => (read ??= readTemplates(FOLDER));

/** Every folder in `folder` is a template: `template.json`, and what platforms are made of in `files/`. */
export async function readTemplates(folder: string): Promise<ReadonlyMap<string, TemplateContent>> {
  const names = (await readdir(folder, { withFileTypes: true })).filter((entry) => entry.isDirectory());
  const templates = names.map(({ name }) => name).toSorted();
  return new Map(await Promise.all(templates.map(async (name) => [name, await readTemplate(folder, name)] as const)));
}

async function readTemplate(folder: string, name: string): Promise<TemplateContent> {
  const path = join(folder, name);
  const fail = (what: string): never => {
    throw new Error(`The template "${name}" in ${folder} is no template: ${what}.`);
  };
  const manifest = await readManifest(join(path, 'template.json'), fail);
  if (manifest.name !== name) fail(`template.json calls it "${manifest.name}"`);
  const files = await readFiles(join(path, 'files'), fail);
  const clash = pathClash(files.map((file) => file.path));
  if (clash) fail(`its file ${clash.path} ${clash.fault}`);
  for (const prefix of manifest.internalFiles ?? [])
    if (!files.some((file) => file.path.startsWith(prefix))) fail(`it has no file that begins with ${prefix}`);
  return templateContent(manifest, files);
}

async function readManifest(path: string, fail: (what: string) => never): Promise<TemplateManifest> {
  const parsed = templateManifest.safeParse(JSON.parse(await readFile(path, 'utf8')));
  return parsed.success ? parsed.data : fail(manifestFault(parsed.error));
}

async function readFiles(folder: string, fail: (what: string) => never): Promise<readonly TemplateFile[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return Promise.all(
    entries
      .filter((entry) => !entry.isDirectory())
      .map(async (entry) => {
        const path = join(entry.parentPath, entry.name);
        const within = relative(folder, path).replaceAll(sep, '/');
        const fault = entry.isFile() ? templatePathFault(within) : 'is no plain file';
        if (fault) fail(`its file ${within} ${fault}`);
        return { path: within, bytes: await readFile(path), executable: ((await stat(path)).mode & 0o100) !== 0 };
      }),
  );
}
