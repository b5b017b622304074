import type { ProductDatabase } from '../database/index.js';
import type { RoutePattern, SubgraphDeclaration } from '../subgraph/define-subgraph.js';
import type { RouteContext } from '../subgraph/product-context.js';
import { recordsOf, type MutationRecords } from './records-of.js';
import type { RefusalLimit } from './refusal-limit.js';

/** Answers what `handle` does, and leaves a record of it for the audit. */
export type RouteRecorder = (
  pattern: RoutePattern,
  context: RouteContext,
  handle: (context: RouteContext) => Response | Promise<Response>,
) => Promise<Response>;

/**
 * What a route that is not for GET did is recorded as a mutation is, but after it: a route may have several transactions, or
 * none, and says itself what belongs together. Where that fails, so does the route, and whoever asked tries again.
 */
export function routeRecorder(
  { name, routes = {}, audits }: SubgraphDeclaration,
  database: ProductDatabase | null,
  limit: RefusalLimit,
): RouteRecorder {
  const records = new Map<string, MutationRecords>();
  for (const pattern of Object.keys(routes))
    if (audits !== 'itself' && !pattern.startsWith('GET '))
      records.set(
        pattern,
        recordsOf(`${name}.${pattern}`, () => [], limit),
      );

  return async (pattern, context, handle) => {
    const record = records.get(pattern);
    if (!record || !database) return handle(context);
    try {
      const response = await handle(context);
      if (response.ok)
        await database.forTenant(context.tenant?.id ?? null).statement(record.ofSuccess(context, {}, null));
      return response;
    } catch (error) {
      await record.keepRefusal(context, error, database);
      throw error;
    }
  };
}
