import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseSupergraphConfig, type SubgraphSource, type SupergraphConfig } from '@inevitable/gateway';
import type { SubgraphDeclaration } from '@inevitable/kit';
import { completeSchemaText } from '@inevitable/kit/host';
import type { ProductFixture } from '@inevitable/kit/testing';

const ROOT = process.cwd();

/** Core-identity and operations are made of parts of the stack and have contracts of their own. */
export const STACK_PARTS: readonly string[] = ['identity', 'operations'];

/** A product as supergraph.yaml names it. */
export interface StackProduct {
  readonly name: string;
  /** Absolute; where its schema.graphql is. */
  readonly folder: string;
  /** What its module exports. */
  readonly module: Readonly<Record<string, unknown>>;
  readonly declaration: SubgraphDeclaration;
}

export async function readStack(file = 'supergraph.yaml'): Promise<SupergraphConfig> {
  return parseSupergraphConfig(await readFile(join(ROOT, file), 'utf8'), file);
}

/** Every product that supergraph.yaml names, but for the stack's own parts. Throws where a module cannot be loaded. */
export async function stackProducts(): Promise<readonly StackProduct[]> {
  const config = await readStack();
  const names = [...config.subgraphs.keys()].filter((name) => !STACK_PARTS.includes(name));
  return Promise.all(
    names.map(async (name) => {
      const path = createRequire(join(ROOT, 'package.json')).resolve(config.products.get(name)!.module);
      const module = (await import(pathToFileURL(path).href)) as StackProduct['module'];
      const { schema } = config.subgraphs.get(name)!;
      if (schema.kind !== 'file') throw new Error(`subgraphs.${name} in supergraph.yaml gives no schema.file.`);
      const declaration = module['default'] as SubgraphDeclaration;
      return { name, folder: dirname(resolve(ROOT, schema.file)), module, declaration };
    }),
  );
}

const fixturePath = ({ folder }: Pick<StackProduct, 'folder'>): string => join(folder, 'testing', 'fixture.ts');

export const hasFixture = (product: Pick<StackProduct, 'folder'>): boolean => existsSync(fixturePath(product));

/** Throws an Error that says what to write, and where. */
export async function fixtureOf(product: Pick<StackProduct, 'name' | 'folder'>): Promise<ProductFixture> {
  const { name } = product;
  const path = fixturePath(product);
  if (!hasFixture(product))
    throw new Error(
      `"${name}" has no fixture, so nothing of it can be shown to be isolated. Write ${relative(ROOT, path)}: its default export is a ProductFixture (@inevitable/kit/testing) whose fill() makes a row of every tenant table through the graph and the routes. CONTRIBUTING.md, "The product contract", has an example.`,
    );
  const { default: fixture } = (await import(pathToFileURL(path).href)) as { default: ProductFixture };
  return fixture;
}

/** The schemas that supergraph.yaml names, as `stack compose` hands them to the composer. */
export async function schemaSources(): Promise<readonly SubgraphSource[]> {
  const config = await readStack();
  return Promise.all(
    [...config.subgraphs.values()].map(async ({ name, routingUrl, schema }) => {
      if (schema.kind !== 'file') throw new Error(`subgraphs.${name} in supergraph.yaml gives no schema.file.`);
      return {
        name,
        routingUrl,
        sdl: completeSchemaText(await readFile(join(ROOT, schema.file), 'utf8'), schema.file),
      };
    }),
  );
}
