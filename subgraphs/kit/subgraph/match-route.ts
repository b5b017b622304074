import findMyWay from 'find-my-way';
import type { RouteHandler, SubgraphDeclaration } from './define-subgraph.js';

export interface MatchedRoute {
  readonly handle: RouteHandler;
  readonly params: Readonly<Record<string, string>>;
}

/** Compiles a declaration's routes; the answer finds the one for a method and a path, or null. */
export function routeMatcher({
  routes = {},
}: SubgraphDeclaration): (method: string, path: string) => MatchedRoute | null {
  const router = findMyWay();
  for (const [pattern, handle] of Object.entries(routes)) {
    const [method, path] = pattern.split(' ') as [findMyWay.HTTPMethod, string];
    router.on(method, path, () => undefined, { handle });
  }
  return (method, path) => {
    const found = router.find(method as findMyWay.HTTPMethod, path);
    if (!found) return null;
    const { handle } = found.store as { handle: RouteHandler };
    return { handle, params: found.params as Record<string, string> };
  };
}
