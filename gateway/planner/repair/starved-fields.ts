import { Kind, parse, type DocumentNode, type SelectionSetNode } from 'graphql';
import { joinGraphsIn } from '../../supergraph/join-graph.js';
import { fetchesIn } from '../plan-fetches.js';
import type { FetchNode, QueryPlan } from '../query-plan.js';
import { fieldSetsIn } from './field-sets.js';
import { SupergraphTypes } from './supergraph-types.js';

/** Finds fields that a plan asks for without what they require, as `Type.field`. */
export type StarvedFields = (plan: QueryPlan) => readonly string[];

/**
 * A field with `@requires` gets its input in the representation of its entity, so it can be asked for there and nowhere
 * else. Where its value is itself the input of another field, `@apollo/query-planner` sometimes asks for it on the way, and
 * the subgraph would make up a value out of nothing. Such a plan must not run. A subgraph with `@provides` may have
 * the input at hand, and is trusted.
 */
export function starvedFields(supergraph: DocumentNode): StarvedFields {
  const types = new SupergraphTypes(supergraph);
  const subgraphs = new Map(joinGraphsIn(supergraph).map(({ graph, name }) => [graph, name]));
  const requiring = new Set<string>();
  const providing = new Set<string>();
  for (const { kind, graph, typeName, fieldName } of fieldSetsIn(types)) {
    const subgraph = subgraphs.get(graph) ?? graph;
    if (kind === 'requires') requiring.add(`${typeName}.${fieldName} ${subgraph}`);
    if (kind === 'provides') providing.add(subgraph);
  }

  function* starvedIn({ operation, operationKind, serviceName, requires }: FetchNode): Iterable<string> {
    const [definition] = parse(operation, { noLocation: true }).definitions;
    if (definition?.kind !== Kind.OPERATION_DEFINITION || providing.has(serviceName)) return;
    const root = ROOTS[operationKind];
    for (const selection of definition.selectionSet.selections)
      if (requires && selection.kind === Kind.FIELD && selection.selectionSet)
        yield* below(selection.selectionSet, '_Entity', true, serviceName);
    if (!requires) yield* below(definition.selectionSet, root, false, serviceName);
  }

  function* below(set: SelectionSetNode, type: string, isEntity: boolean, subgraph: string): Iterable<string> {
    for (const selection of set.selections) {
      if (selection.kind === Kind.INLINE_FRAGMENT)
        yield* below(selection.selectionSet, selection.typeCondition?.name.value ?? type, isEntity, subgraph);
      if (selection.kind !== Kind.FIELD) continue;
      const field = `${type}.${selection.name.value}`;
      if (!isEntity && requiring.has(`${field} ${subgraph}`)) yield field;
      const nested = types.typeOf(type, selection.name.value);
      if (selection.selectionSet && nested !== undefined) yield* below(selection.selectionSet, nested, false, subgraph);
    }
  }

  return (plan) => (requiring.size > 0 ? [...new Set(fetchesIn(plan).flatMap((fetch) => [...starvedIn(fetch)]))] : []);
}

const ROOTS = { query: 'Query', mutation: 'Mutation', subscription: 'Subscription' } as const;
