import type { SubgraphSchema } from './ports/schema-registry-port.js';

/** A subgraph that is reached elsewhere than before. */
export interface SubgraphMove {
  readonly name: string;
  readonly from: string;
  readonly to: string;
  /** To another origin: another host, port or protocol. False: to another path. */
  readonly isElsewhere: boolean;
}

/** Of a finding that tells of a move. */
export const ROUTING_URL_MOVED = 'ROUTING_URL_MOVED';

/** Which of the subgraphs that were there are reached at another URL now, in the order of `after`. */
export function subgraphMoves(
  before: readonly Omit<SubgraphSchema, 'sdl'>[],
  after: readonly Omit<SubgraphSchema, 'sdl'>[],
): readonly SubgraphMove[] {
  const old = new Map(before.map(({ name, routingUrl }) => [name, routingUrl]));
  return after.flatMap(({ name, routingUrl: to }) => {
    const from = old.get(name);
    if (from === undefined || from === to) return [];
    return [{ name, from, to, isElsewhere: originOf(from) !== originOf(to) }];
  });
}

/** In a sentence: whoever is at a routing URL receives the requests, and the context tokens that are made for the subgraph. */
export const moveInWords = ({ name, from, to }: SubgraphMove): string =>
  `Subgraph "${name}" moves from ${from} to ${to}: ${whatGoesThere(name)}.`;

export const whatGoesThere = (name: string): string => `requests of every tenant, with tokens for "${name}", go there`;

/** Host, port and protocol; a text that is no URL is its own. */
export const originOf = (url: string): string => (URL.canParse(url) ? new URL(url).origin : url);
