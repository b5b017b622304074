import type { FetchRewrite } from '../planner/query-plan.js';
import { define, own } from './generated-code.js';
import { conditionIn } from './plan-paths.js';
import type { TypeConditions } from './type-conditions.js';

/**
 * Undoes the aliases a plan gave to fields that could not be asked for under one name, in what a subgraph answered.
 * `value` is changed in place: it is the engine's own.
 */
export function rewriteAnswer(value: unknown, rewrites: readonly FetchRewrite[], types: TypeConditions): void {
  for (const rewrite of rewrites) rewriteAt(value, rewrite.path, rewrite, types);
}

function rewriteAt(value: unknown, path: readonly string[], rewrite: FetchRewrite, types: TypeConditions): void {
  if (Array.isArray(value)) {
    for (const item of value) rewriteAt(item, path, rewrite, types);
    return;
  }
  if (typeof value !== 'object' || value === null) return;
  const [element, ...rest] = path;
  if (element === undefined) return;
  const condition = conditionIn(element);
  if (condition !== undefined) {
    const type = own(value, '__typename');
    // Plans do not ask for every type name their rewrites mention: an unknown one may be the right one.
    if (type === undefined || types.satisfying(condition).has(String(type))) rewriteAt(value, rest, rewrite, types);
    return;
  }
  if (rest.length > 0) return rewriteAt(own(value, element), rest, rewrite, types);
  if (rewrite.kind === 'ValueSetter') return define(value, element, rewrite.setValueTo);
  const renamed = own(value, element);
  if (renamed === undefined) return;
  define(value, rewrite.renameKeyTo, renamed);
  define(value, element, undefined);
}
