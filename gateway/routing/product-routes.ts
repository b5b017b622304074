import type { SubgraphHandle } from '@inevitable/contract';
import { fitsHost } from './host-pattern.js';
import type { ProductConfig } from '../supergraph/supergraph-config.js';

/** What a product's routes need of its declaration in supergraph.yaml. */
export type ProductRouting = Pick<ProductConfig, 'name' | 'hosts' | 'pathPrefixes' | 'authRequired' | 'healthEndpoint'>;

export interface ProductRoute {
  readonly product: ProductRouting;
  readonly subgraph: SubgraphHandle;
  /** `health`: the request asks how the product is, and needs no caller. */
  readonly kind: 'product' | 'health';
}

/** Finds the product of a request; null: nobody's path. `host` is lower case, without port. */
export type RouteTable = (host: string, path: string) => ProductRoute | null;

interface Prefix {
  readonly prefix: string;
  readonly product: ProductRouting;
}

/**
 * The longest matching path prefix wins, on every host; where none matches, the host decides: its own name, else the longest
 * pattern that fits it. So `/auth` leads to
 * identity also below a product's own host. Throws when a product has no subgraph, unless it may come later; one that leaves
 * the supergraph takes its paths with it.
 */
export function compileRoutes(
  products: readonly ProductRouting[],
  subgraphOf: (name: string) => SubgraphHandle | undefined,
  mayComeLater = false,
): RouteTable {
  const prefixes: Prefix[] = [];
  const hosts: { readonly pattern: string; readonly product: ProductRouting }[] = [];
  for (const product of products) {
    if (product.hosts.length === 0 && product.pathPrefixes.length === 0) continue;
    if (!mayComeLater && !subgraphOf(product.name))
      throw new Error(`Product "${product.name}" has routes, and no subgraph of that name was given to the gateway.`);
    for (const prefix of product.pathPrefixes) prefixes.push({ prefix, product });
    for (const pattern of product.hosts) hosts.push({ pattern, product });
  }
  prefixes.sort((one, other) => other.prefix.length - one.prefix.length);
  // Of all that fit a host, its own name is longer than any pattern: that one ends like it and has a letter less at least.
  hosts.sort((one, other) => other.pattern.length - one.pattern.length);

  // Asked for with every request: a reload may say that a subgraph has moved.
  const route = (product: ProductRouting, kind: ProductRoute['kind']): ProductRoute | null => {
    const subgraph = subgraphOf(product.name);
    return subgraph ? { product, subgraph, kind } : null;
  };
  return (host, path) => {
    for (const { prefix, product } of prefixes) {
      if (isBelow(path, prefix)) return route(product, path === prefix + product.healthEndpoint ? 'health' : 'product');
    }
    const found = hosts.find(({ pattern }) => fitsHost(pattern, host));
    return found ? route(found.product, 'product') : null;
  };
}

/** `/auth` covers `/auth` and `/auth/login`, not `/authors`. */
const isBelow = (path: string, prefix: string): boolean =>
  path.startsWith(prefix) && (path.length === prefix.length || path[prefix.length] === '/');
