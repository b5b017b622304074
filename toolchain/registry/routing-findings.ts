import {
  moveInWords,
  originOf,
  ROUTING_URL_MOVED,
  subgraphMoves,
  whatGoesThere,
  type SubgraphSchema,
} from '@inevitable/contract';
import type { Finding } from '../findings/finding.js';

type Routed = Omit<SubgraphSchema, 'sdl'>;

/**
 * Who will receive requests that did not before. A move to another origin is an error, unless it is allowed; to another path
 * of the same one, and a new subgraph, a warning. `before` is what is served; null: nothing was published, and nothing moves.
 */
export function routingFindings(
  before: readonly Routed[] | null,
  after: readonly Routed[],
  { allowMove }: { readonly allowMove: boolean },
): readonly Finding[] {
  if (!before) return [];
  const known = new Set(before.map(({ name }) => name));
  const added = after.filter(({ name }) => !known.has(name));
  return [
    ...subgraphMoves(before, after).map((move): Finding => {
      const isError = move.isElsewhere && !allowMove;
      return {
        code: ROUTING_URL_MOVED,
        severity: isError ? 'error' : 'warning',
        message: moveInWords(move),
        subgraph: move.name,
        ...(isError && { repair: 'Put the URL back; or, if the move is meant, publish with --allow-move.' }),
      };
    }),
    ...added.map(({ name, routingUrl }): Finding => ({
      code: 'SUBGRAPH_ADDED',
      severity: 'warning',
      message: `Subgraph "${name}" is new, at ${originOf(routingUrl)}: ${whatGoesThere(name)}.`,
      subgraph: name,
    })),
  ];
}
