import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { parseSupergraphConfig, type SupergraphConfig } from '@inevitable/gateway';
import { parse, type DefinitionNode, type DocumentNode } from 'graphql';
import { readText } from '../supergraph.js';
import { addToList, addToLockFile } from './edit-json.js';
import { addToSupergraph } from './edit-supergraph.js';
import { assertPortFree, freePort } from './free-port.js';
import { renameStarter, type SourceFile } from './rename-starter.js';
import { parseNames, SubgraphRefused, type AskedNames, type SubgraphNames } from './subgraph-names.js';

export interface AskedSubgraph extends AskedNames {
  readonly port?: number | undefined;
  /** From the root; `subgraphs/<product>` unless told. */
  readonly directory?: string | undefined;
}

/** A file that is there, and what is to be in it. */
export interface PlannedEdit {
  /** Absolute. */
  readonly path: string;
  readonly text: string;
}

/** Everything that is to be written, before anything is. */
export interface SubgraphPlan {
  readonly names: SubgraphNames;
  readonly packageName: string;
  readonly port: number;
  /** Absolute. */
  readonly folder: string;
  /** From the root, with slashes. */
  readonly directory: string;
  readonly files: readonly SourceFile[];
  /** In the order in which they are to be written: node_modules' own lock file counts as newer than the other. */
  readonly edits: readonly PlannedEdit[];
  /** The link in node_modules, and where it leads. */
  readonly link: { readonly path: string; readonly target: string };
}

const STARTER = 'subgraphs/starter';
const SUBGRAPHS = 'subgraphs';
const NOT_SOURCE: ReadonlySet<string> = new Set(['node_modules', 'dist', 'generated']);

/** Reads the clone at `root` and says what a new subgraph changes in it. Throws `SubgraphRefused`, and where a file cannot be read. */
export async function planSubgraph(
  root: string,
  supergraphFile: string,
  asked: AskedSubgraph,
  now: Date,
): Promise<SubgraphPlan> {
  const names = parseNames(asked);
  const product = names.product.kebab;
  const supergraph = await readText(supergraphFile);
  const config = parseSupergraphConfig(supergraph, supergraphFile);
  const directory = directoryFor(root, asked.directory ?? `${SUBGRAPHS}/${product}`);
  const folder = join(root, directory);
  const packageName = `@inevitable/${product}`;
  const link = {
    path: join(root, 'node_modules', packageName),
    target: relative(join(root, 'node_modules', '@inevitable'), folder),
  };
  refuseTaken(config, names, supergraphFile);
  for (const place of [folder, link.path])
    if (existsSync(place)) throw new SubgraphRefused(`${place} exists already: choose another name.`);
  if (asked.port !== undefined) assertPortFree(config, asked.port);
  const port = asked.port ?? (await freePort(config));

  const files = placedAt(directory, renameStarter(await sourcesOf(join(root, STARTER)), names, now));
  await refuseTypesOfOthers(supergraphFile, config, files, names);

  const fromSupergraph = relative(dirname(supergraphFile), join(folder, 'schema.graphql')).split(sep).join('/');
  const edits: PlannedEdit[] = [
    {
      path: supergraphFile,
      text: addToSupergraph(supergraph, supergraphFile, {
        name: product,
        port,
        schemaFile: fromSupergraph,
        module: packageName,
      }),
    },
    ...(await editsOfRoot(root, directory, packageName, files)),
  ];
  return { names, packageName, port, folder, directory, files, edits, link };
}

/** From the root, with slashes. Throws `SubgraphRefused`. */
function directoryFor(root: string, asked: string): string {
  const folder = resolve(root, asked);
  const directory = relative(root, folder).split(sep).join('/');
  const within = directory.split('/');
  if (isAbsolute(directory) || within[0] !== SUBGRAPHS || within.length < 2)
    throw new SubgraphRefused(
      `A product's folder is below ${SUBGRAPHS}/, where its tests and its lint are looked for; "${asked}" is not.`,
    );
  if (!/^[a-z0-9][a-z0-9-]*$/.test(within.slice(1).join('')) || within.some((part) => NOT_SOURCE.has(part)))
    throw new SubgraphRefused(`"${asked}" is no folder for a product: write it in small letters, digits and dashes.`);
  for (let above = dirname(folder); above !== join(root, SUBGRAPHS); above = dirname(above))
    if (existsSync(join(above, 'package.json')))
      throw new SubgraphRefused(
        `"${asked}" is within another product, ${relative(root, above)}: choose another folder.`,
      );
  return directory;
}

/** The graph's enum of subgraphs, and the settings of a product, know no difference between `-` and `_`. */
function refuseTaken({ subgraphs, products }: SupergraphConfig, { product }: SubgraphNames, file: string): void {
  const same = [...subgraphs.keys(), ...products.keys()].find((name) => name.replaceAll('-', '_') === product.snake);
  if (same !== undefined) throw new SubgraphRefused(`${file} lists "${same}" already: choose another name.`);
  const path = `/${product.kebab}`;
  const owner = [...products.values()].find(({ pathPrefixes }) => pathPrefixes.includes(path));
  if (owner) throw new SubgraphRefused(`The path ${path} leads to "${owner.name}" already: choose another name.`);
}

/** Every file of a subgraph that is not made from others. */
async function sourcesOf(folder: string, below = ''): Promise<SourceFile[]> {
  const entries = await readdir(join(folder, below), { withFileTypes: true });
  const files = await Promise.all(
    entries
      .filter(({ name }) => !NOT_SOURCE.has(name) && !name.endsWith('.tsbuildinfo'))
      .map(async (entry) => {
        const path = below ? `${below}/${entry.name}` : entry.name;
        if (entry.isDirectory()) return sourcesOf(folder, path);
        return entry.isFile() ? [{ path, text: await readFile(join(folder, path), 'utf8') }] : [];
      }),
  );
  return files.flat().sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** Its tsconfig.json says where the rest is; the starter is two folders below the root. */
function placedAt(directory: string, files: readonly SourceFile[]): readonly SourceFile[] {
  const deeper = '../'.repeat(directory.split('/').length - 2);
  if (deeper === '') return files;
  return files.map((file) =>
    file.path === 'tsconfig.json' ? { ...file, text: file.text.replaceAll('"../', `"${deeper}../`) } : file,
  );
}

/** package.json, tsconfig.json and both lock files. */
async function editsOfRoot(
  root: string,
  directory: string,
  packageName: string,
  files: readonly SourceFile[],
): Promise<PlannedEdit[]> {
  const [manifest, references, lock, installed] = ['package.json', 'tsconfig.json', 'package-lock.json', HIDDEN_LOCK];
  const textOf = (file: string): Promise<string> => readText(join(root, file));
  const isProduct = (item: string): boolean => item.includes(`${SUBGRAPHS}/`);
  const manifestText = addToList(await textOf(manifest), manifest, 'workspaces', JSON.stringify(directory), isProduct);
  const { workspaces } = JSON.parse(manifestText) as { workspaces: string[] };
  const { version, dependencies } = JSON.parse(files.find(({ path }) => path === 'package.json')!.text) as {
    version: string;
    dependencies: Record<string, string>;
  };
  const workspace = { folder: directory, name: packageName, version, dependencies };
  const reference = `{ "path": ${JSON.stringify(directory)} }`;
  const edits: [string, string][] = [
    [manifest, manifestText],
    [references, addToList(await textOf(references), references, 'references', reference, isProduct)],
    [lock, addToLockFile(await textOf(lock), lock, workspace, workspaces)],
    // Newer than the lock file, and naming every link: as if npm had installed it.
    [installed, addToLockFile(await textOf(installed), installed, workspace, null)],
  ];
  return edits.map(([file, text]) => ({ path: join(root, file), text }));
}

const HIDDEN_LOCK = 'node_modules/.package-lock.json';

/** Types of the graph that every subgraph adds fields to. */
const COMMON: ReadonlySet<string> = new Set(['Query', 'Mutation', 'Subscription', 'User', 'Tenant']);

/** Throws `SubgraphRefused` where another subgraph has a type, or a common field, of a name that the new one declares. */
async function refuseTypesOfOthers(
  supergraphFile: string,
  { subgraphs }: SupergraphConfig,
  files: readonly SourceFile[],
  { one }: SubgraphNames,
): Promise<void> {
  const own = new Set(declaredIn(parse(files.find(({ path }) => path === 'schema.graphql')!.text)));
  for (const { name, schema } of subgraphs.values()) {
    if (schema.kind !== 'file') continue; // composing finds out
    const file = resolve(dirname(supergraphFile), schema.file);
    const clash = declaredIn(parseSchema(await readText(file), file)).find((declared) => own.has(declared));
    if (clash !== undefined)
      throw new SubgraphRefused(
        `The subgraph "${name}" has "${clash}" already, which "${one.pascal}" would make another one of: give another --entity or --plural.`,
      );
  }
}

function parseSchema(text: string, file: string): DocumentNode {
  try {
    return parse(text);
  } catch (error) {
    throw new SubgraphRefused(`${file} is not valid GraphQL (${(error as Error).message}): mend it first.`);
  }
}

/** Its types, and its fields of the common ones. */
const declaredIn = ({ definitions }: DocumentNode): readonly string[] => definitions.flatMap(declaredBy);

function declaredBy(definition: DefinitionNode): readonly string[] {
  if (!('name' in definition) || !definition.name || definition.kind === 'OperationDefinition') return [];
  const type = definition.name.value;
  if (!COMMON.has(type)) return [type];
  const fields = 'fields' in definition ? (definition.fields ?? []) : [];
  return fields.filter(({ name }) => name.value !== 'id').map(({ name }) => `${type}.${name.value}`);
}
