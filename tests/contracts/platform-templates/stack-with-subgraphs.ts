import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parse, stringify } from 'yaml';
import { unpack } from './generated-platform.js';
import { runToEnd } from './own-process.js';

const ROOT = process.cwd();

/** A stack to which generated subgraphs were added as their README says. */
export interface StackWithSubgraphs {
  readonly root: string;
  readonly supergraphFile: string;
  folderOf(slug: string): string;
  remove(): Promise<void>;
}

/**
 * A copy of this stack in which everything but `subgraphs/` and the files that name products leads back here; the archives
 * are unpacked there, generated and compiled as every start does it. Only the new subgraphs are workspaces of the copy: it
 * writes nothing here.
 */
export async function stackWithSubgraphs(artifacts: ReadonlyMap<string, Uint8Array>): Promise<StackWithSubgraphs> {
  const root = await mkdtemp(join(tmpdir(), 'stack-copy-'));
  const remove = () => rm(root, { recursive: true, force: true });
  try {
    const supergraphFile = await fill(root, artifacts);
    return { root, supergraphFile, folderOf: (slug) => join(root, 'subgraphs', slug), remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** Resolves with where its supergraph.yaml is. */
async function fill(root: string, artifacts: ReadonlyMap<string, Uint8Array>): Promise<string> {
  const slugs = [...artifacts.keys()];
  for (const entry of ['identity', 'gateway', 'node_modules', 'tests', 'tsconfig.base.json', 'package-lock.json'])
    await symlink(join(ROOT, entry), join(root, entry));
  await mkdir(join(root, 'subgraphs'));
  for (const entry of await readdir(join(ROOT, 'subgraphs')))
    await symlink(join(ROOT, 'subgraphs', entry), join(root, 'subgraphs', entry));
  for (const archive of artifacts.values()) await unpack(archive, join(root, 'subgraphs'));

  const workspaces = slugs.map((slug) => `subgraphs/${slug}`);
  await writeJson(join(root, 'package.json'), { type: 'module', workspaces });
  await writeJson(join(root, 'tsconfig.json'), { files: [], references: workspaces.map((path) => ({ path })) });
  await cp(join(ROOT, '.prettierrc.json'), join(root, '.prettierrc.json'));
  const supergraphFile = join(root, 'supergraph.yaml');
  await writeFile(supergraphFile, stringify(await supergraphWith(root, slugs)));

  await makeReady(root);
  return supergraphFile;
}

interface Supergraph {
  readonly subgraphs: Record<string, { readonly routing_url: string }>;
  readonly products: Record<string, { readonly module: string }>;
}

/** supergraph.yaml with what each README says to write there. */
async function supergraphWith(root: string, slugs: readonly string[]): Promise<Supergraph> {
  const supergraph = parse(await readFile(join(ROOT, 'supergraph.yaml'), 'utf8')) as Supergraph;
  for (const [index, slug] of slugs.entries()) {
    const readme = await readFile(join(root, 'subgraphs', slug, 'README.md'), 'utf8');
    const said = parse(/```yaml\n(.*?)```/s.exec(readme)![1]!) as Supergraph;
    const [name] = Object.keys(said.subgraphs);
    supergraph.subgraphs[name!] = {
      ...said.subgraphs[name!]!,
      routing_url: `http://127.0.0.1:${4_100 + index}/graphql`,
    };
    // `npm install` would link the package: its address does it, too.
    const module = join(root, 'subgraphs', slug, 'dist', 'index.js');
    supergraph.products[name!] = { ...said.products[name!]!, module };
  }
  return supergraph;
}

const writeJson = (path: string, value: unknown): Promise<void> => writeFile(path, JSON.stringify(value));

/** The steps of every start, in a process of their own as there: they load tools that a test runner's modules are too few for. */
function makeReady(root: string): Promise<string> {
  const prepare = pathToFileURL(join(ROOT, 'scripts', 'prepare')).href;
  const steps = `
    import { generateStep } from '${prepare}/generate.js';
    import { compileStep } from '${prepare}/compile.js';
    for (const step of [generateStep, compileStep]) await step.run(process.cwd());`;
  return runToEnd(process.execPath, ['--input-type=module', '--eval', steps], root);
}
