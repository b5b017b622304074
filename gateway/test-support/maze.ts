import type { PlanRequest } from '../planner/planner.js';
import { supergraphOf } from './test-subgraphs.js';

const LINK = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@shareable"])\n';
const range = (length: number) => Array.from({ length }, (_, index) => index);

/** Everything is in several subgraphs, nothing is in all of them: the ways to plan multiply with each level of a query. */
export const MAZE = supergraphOf(
  Object.fromEntries(
    range(4).map((subgraph) => {
      const links = range(3).flatMap((field) => ((subgraph + field) % 3 ? [`f${field}: T @shareable`] : []));
      const leaves = range(3).flatMap((field) => ((subgraph + field) % 2 ? [`v${field}: Int @shareable`] : []));
      return [
        `s${subgraph}`,
        `${LINK} type Query { t: T @shareable } type T @key(fields: "id") { id: ID! ${[...links, ...leaves].join(' ')} }`,
      ];
    }),
  ),
);
const walk = (levels: number): string =>
  levels === 0
    ? range(3)
        .map((field) => `v${field}`)
        .join(' ')
    : range(3)
        .map((field) => `f${field} { ${walk(levels - 1)} }`)
        .join(' ');
export const costing = (levels: number) => request(`query Maze { t { ${walk(levels)} } }`, 'Maze');
/** Takes a minute and more than a gigabyte. */
export const ENDLESS = costing(6);

export function request(document: string, operationName: string | null = null): PlanRequest {
  return { document, operationName, overrides: {}, conditions: new Map() };
}
