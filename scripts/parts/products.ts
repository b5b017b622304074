import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { SupergraphConfig } from '@inevitable/gateway';
import type { SubgraphDeclaration } from '@inevitable/kit';
import type { Settings } from '../settings/settings.js';

/** supergraph.yaml names a product that cannot be loaded. */
export class ProductUnknown extends Error {}

/** Core-identity and operations are made of parts the composition root gives them; all others are only declared. */
export const STACK_PARTS: ReadonlySet<string> = new Set(['identity', 'operations']);

/** The names of the products that supergraph.yaml lists. */
export const productsOf = (config: SupergraphConfig): readonly string[] =>
  [...config.subgraphs.keys()].filter((name) => !STACK_PARTS.has(name));

/**
 * Loads the declaration of every product, or of the one named: the default export of its module. Throws `ProductUnknown`,
 * and `BadSetting` where a setting is of a product that is none.
 */
export async function loadProducts(
  settings: Settings,
  config: SupergraphConfig,
  only?: string,
): Promise<readonly SubgraphDeclaration[]> {
  const names = productsOf(config);
  settings.assertDeploymentsOf(names);
  if (only !== undefined && !names.includes(only)) {
    throw new ProductUnknown(
      `There is no product "${only}" in ${settings.supergraphConfig}. It lists: ${names.join(', ')}.`,
    );
  }
  return Promise.all(
    names.filter((name) => only === undefined || name === only).map((name) => loadProduct(settings, config, name)),
  );
}

async function loadProduct(settings: Settings, config: SupergraphConfig, name: string): Promise<SubgraphDeclaration> {
  const module = config.products.get(name)?.module;
  if (!module)
    throw new ProductUnknown(
      `${settings.supergraphConfig} lists the subgraph "${name}" and no module for it: add products.${name}.module.`,
    );
  try {
    const resolved = createRequire(join(settings.root, 'package.json')).resolve(module);
    const loaded = (await import(pathToFileURL(resolved).href)) as { default?: SubgraphDeclaration };
    if (loaded.default?.name !== name) {
      throw new Error(
        `its default export must be the declaration of "${name}", and is ${loaded.default ? `that of "${loaded.default.name}"` : 'missing'}`,
      );
    }
    return loaded.default;
  } catch (error) {
    throw new ProductUnknown(
      `The module "${module}" of product "${name}" cannot be loaded: ${(error as Error).message}`,
    );
  }
}
