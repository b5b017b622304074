import type { DocumentNode } from 'graphql';
import { joinGraphsIn } from '../../../supergraph/join-graph.js';
import { replaceFetches } from '../../plan-fetches.js';
import type { QueryPlan } from '../../query-plan.js';
import { dropIdleExternals } from '../drop-idle-externals.js';
import { fieldSetsIn, mentionsIn } from '../field-sets.js';
import { SupergraphTypes } from '../supergraph-types.js';
import { addStandIn } from './add-stand-in.js';
import { chainedLinks } from './chained-links.js';
import { standInContents } from './stand-in-contents.js';

export interface SeparatedLinks {
  readonly supergraph: DocumentNode;
  /** Of a plan on it: one that asks the subgraphs themselves. */
  asked(plan: QueryPlan): QueryPlan;
}

/**
 * Where a field with `@requires` is itself required, `@apollo/query-planner` fetches its input, and asks for the field before
 * that is there, in a fetch that it has of the same subgraph for something else (`starvedFields` tells). It does not where the
 * field is another subgraph's, to which only keys lead. So each such field is moved to a stand-in for its subgraph. That costs
 * requests, and is for those plans alone that go wrong without it. Null: there is no such field that can be moved.
 */
export function separateLinks(supergraph: DocumentNode): SeparatedLinks | null {
  const types = new SupergraphTypes(supergraph);
  const fieldSets = [...fieldSetsIn(types)];
  const links = chainedLinks(fieldSets, types);
  if (links.length === 0) return null;

  const graphs = new Map(joinGraphsIn(supergraph).map((joined) => [joined.graph, joined]));
  const names = new Set([...graphs.values()].flatMap(({ graph, name }) => [graph, name]));
  const unused = (name: string): string => {
    let number = 1;
    while (names.has(`${name}__${number}`)) number++;
    names.add(`${name}__${number}`);
    return `${name}__${number}`;
  };
  const standsFor = new Map<string, string>();
  let separated = supergraph;
  for (const link of links) {
    const { graph, name, url } = graphs.get(link.graph)!;
    const standIn = { graph: unused(graph), name: unused(name), url };
    standsFor.set(standIn.name, name);
    separated = addStandIn(separated, standIn, link, standInContents(link, supergraph, types, fieldSets));
  }
  const required = fieldSets.filter(({ kind }) => kind === 'requires').flatMap((one) => [...mentionsIn(one, types)]);
  const concerned = new Set(required.map(({ field }) => field.name.value));
  return {
    supergraph: dropIdleExternals(separated, concerned),
    asked: (plan) =>
      replaceFetches(plan, (fetch) => [
        { ...fetch, serviceName: standsFor.get(fetch.serviceName) ?? fetch.serviceName },
      ]),
  };
}
