import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { SupergraphConfig } from '@inevitable/gateway';
import { identityDatabase, identityPublicFields } from '@inevitable/identity';
import type { SubgraphDeclaration } from '@inevitable/kit';
import { operationsSubgraph, type OperationsSources } from '@inevitable/operations';
import type { ProductFacts, SubgraphText } from '@inevitable/toolchain';
import { z } from 'zod';
import type { Settings } from '../settings/settings.js';
import { loadProducts, ProductUnknown, STACK_PARTS } from './products.js';

/** What of a declaration says who owns what. */
type Declared = Pick<SubgraphDeclaration, 'publicFields' | 'database'>;

export interface KnownProducts {
  /** By the subgraph's name. One that is not here has no declaration. */
  readonly facts: ReadonlyMap<string, ProductFacts>;
  /** Why a declaration that supergraph.yaml names could not be loaded, by the subgraph's name. */
  readonly failures: ReadonlyMap<string, string>;
}

/**
 * What the products behind the subgraphs declare, and what their migrations, Prisma schemas and codegen.json say. Those two
 * are looked for in the product's folder: where package.json is, at the schema or above it. No database is asked.
 */
export async function readProductFacts(
  settings: Settings,
  config: SupergraphConfig,
  subgraphs: readonly SubgraphText[],
): Promise<KnownProducts> {
  const facts = new Map<string, ProductFacts>();
  const failures = new Map<string, string>();
  for (const { name, file, served } of subgraphs) {
    try {
      const declared = await declarationOf(settings, config, name);
      if (declared) facts.set(name, await factsOf(declared, served ? null : await folderOf(file)));
    } catch (error) {
      if (!(error instanceof ProductUnknown)) throw error;
      failures.set(name, error.message);
    }
  }
  return { facts, failures };
}

async function declarationOf(settings: Settings, config: SupergraphConfig, name: string): Promise<Declared | null> {
  if (name === 'identity') return { publicFields: identityPublicFields, database: identityDatabase };
  if (name === 'operations') return operationsSubgraph(unasked);
  if (STACK_PARTS.has(name) || !config.products.has(name)) return null;
  const [declaration] = await loadProducts(settings, config, name);
  return declaration ?? null;
}

/** A declaration is made of its sources and asks nothing of them before it is served: here it never is. */
const unasked: OperationsSources = new Proxy(() => undefined, {
  get: () => unasked,
  apply: () => unasked,
}) as unknown as OperationsSources;

async function factsOf({ publicFields = [], database }: Declared, folder: string | null): Promise<ProductFacts> {
  return {
    publicFields,
    database: database
      ? {
          name: database.product,
          ofNoTenant: new Set([...Object.keys(database.shared ?? {}), ...Object.keys(database.ofNoTenant ?? {})]),
          migrations: await readMigrations(database.product, database.migrations),
          prismaSchema: folder && (await textIn(folder, 'prisma/schema.prisma')),
        }
      : null,
    mappers: readMappers(folder && (await textIn(folder, 'codegen.json'))),
  };
}

/** Throws `ProductUnknown`. */
async function readMigrations(product: string, folder: URL): Promise<readonly string[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    const folders = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
    return await Promise.all(folders.sort().map((name) => readFile(new URL(`${name}/migration.sql`, folder), 'utf8')));
  } catch (error) {
    const { code, path } = error as NodeJS.ErrnoException;
    throw new ProductUnknown(`The migrations of product "${product}" cannot be read (${code}: ${path}).`);
  }
}

const codegen = z.object({ mappers: z.record(z.string(), z.string()).default({}) });

/** What codegen.json says wrongly, the build says. */
function readMappers(text: string | null): ProductFacts['mappers'] {
  if (text === null) return {};
  try {
    return codegen.parse(JSON.parse(text)).mappers;
  } catch {
    return {};
  }
}

/** The nearest folder with a package.json, from the file's own upwards; null: there is none. */
async function folderOf(file: string): Promise<string | null> {
  for (let folder = dirname(file); ; folder = dirname(folder)) {
    if ((await textIn(folder, 'package.json')) !== null) return folder;
    if (folder === dirname(folder)) return null;
  }
}

/** Null: there is no such file. */
async function textIn(folder: string, name: string): Promise<string | null> {
  try {
    return await readFile(join(folder, name), 'utf8');
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return null;
    throw error;
  }
}
