import findMyWay from 'find-my-way';
import type { RouteHandler, RoutePattern, SubgraphDeclaration } from './define-subgraph.js';

export interface MatchedRoute {
  /** As it is declared. */
  readonly pattern: RoutePattern;
  readonly handle: RouteHandler;
  readonly params: Readonly<Record<string, string>>;
  /** Answers without the gateway's context. */
  readonly isOpen: boolean;
}

/**
 * Compiles a declaration's routes; the answer finds the one for a method and a path, or null. A route for GET answers HEAD,
 * too (RFC 9110, section 9.3.2).
 */
export function routeMatcher({
  routes = {},
  openRoutes = [],
}: SubgraphDeclaration): (method: string, path: string) => MatchedRoute | null {
  const router = findMyWay();
  for (const [pattern, handle] of Object.entries(routes)) {
    const [method, path] = pattern.split(' ') as [findMyWay.HTTPMethod, string];
    router.on(method, path, () => undefined, {
      pattern,
      handle,
      isOpen: openRoutes.includes(pattern as RoutePattern),
    });
  }
  return (method, path) => {
    const found = router.find((method === 'HEAD' ? 'GET' : method) as findMyWay.HTTPMethod, path);
    if (!found) return null;
    return { ...(found.store as Omit<MatchedRoute, 'params'>), params: found.params as Record<string, string> };
  };
}
