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
 * the subgraph would make up a value out of nothing. Such a plan must not run. Below a field with `@provides` the input may
 * be at hand.
 */
export function starvedFields(supergraph: DocumentNode): StarvedFields {
  const types = new SupergraphTypes(supergraph);
  const subgraphs = new Map(joinGraphsIn(supergraph).map(({ graph, name }) => [graph, name]));
  /** By subgraph, type and field. */
  const required = new Map<string, SelectionSetNode>();
  const provided = new Map<string, SelectionSetNode>();
  const requiring = new Set<string>();
  for (const { kind, graph, parentType, fieldName, selectionSet } of fieldSetsIn(types)) {
    const subgraph = subgraphs.get(graph) ?? graph;
    const field = `${subgraph} ${parentType}.${fieldName}`;
    if (kind === 'requires') {
      required.set(field, selectionSet);
      requiring.add(subgraph);
    }
    if (kind === 'provides') provided.set(field, selectionSet);
  }

  function* starvedIn({ operation, operationKind, serviceName, requires }: FetchNode): Iterable<string> {
    const [definition] = parse(operation, { noLocation: true }).definitions;
    if (definition?.kind !== Kind.OPERATION_DEFINITION) return;
    if (!requires) return yield* below(definition.selectionSet, ROOTS[operationKind], [], false, serviceName);
    for (const selection of definition.selectionSet.selections)
      if (selection.kind === Kind.FIELD && selection.selectionSet)
        yield* below(selection.selectionSet, '_Entity', [], true, serviceName);
  }

  /** `atHand`: what is provided of the objects that the set is selected on. */
  function* below(
    { selections }: SelectionSetNode,
    type: string,
    atHand: readonly SelectionSetNode[],
    isEntity: boolean,
    subgraph: string,
  ): Iterable<string> {
    for (const selection of selections) {
      if (selection.kind === Kind.INLINE_FRAGMENT)
        yield* below(selection.selectionSet, selection.typeCondition?.name.value ?? type, atHand, isEntity, subgraph);
      if (selection.kind !== Kind.FIELD) continue;
      const name = selection.name.value;
      const field = `${subgraph} ${type}.${name}`;
      const input = required.get(field);
      if (!isEntity && input && !holds(atHand, input)) yield `${type}.${name}`;
      const nested = types.typeOf(type, name);
      if (!selection.selectionSet || nested === undefined) continue;
      const provides = provided.get(field);
      const there = [...(selectedBelow(atHand, name) ?? []), ...(provides ? [provides] : [])];
      yield* below(selection.selectionSet, nested, there, false, subgraph);
    }
  }

  return (plan) => {
    const asking = fetchesIn(plan).filter(({ serviceName }) => requiring.has(serviceName));
    return [...new Set(asking.flatMap((fetch) => [...starvedIn(fetch)]))];
  };
}

/** Whether all that is wanted is in one of the sets or another, whatever type it is selected on. */
const holds = (sets: readonly SelectionSetNode[], { selections }: SelectionSetNode): boolean =>
  selections.every((wanted) => {
    if (wanted.kind === Kind.INLINE_FRAGMENT) return holds(sets, wanted.selectionSet);
    if (wanted.kind !== Kind.FIELD) return false;
    const found = selectedBelow(sets, wanted.name.value);
    return found !== null && (!wanted.selectionSet || holds(found, wanted.selectionSet));
  });

/** What they select of a field's value, on whatever type; null where none selects the field. */
function selectedBelow(sets: readonly SelectionSetNode[], name: string): readonly SelectionSetNode[] | null {
  const found: SelectionSetNode[] = [];
  let isSelected = false;
  for (const { selections } of sets)
    for (const selection of selections) {
      if (selection.kind === Kind.INLINE_FRAGMENT) {
        const within = selectedBelow([selection.selectionSet], name);
        if (within) found.push(...within);
        isSelected ||= within !== null;
      }
      if (selection.kind !== Kind.FIELD || selection.name.value !== name) continue;
      isSelected = true;
      if (selection.selectionSet) found.push(selection.selectionSet);
    }
  return isSelected ? found : null;
}

const ROOTS = { query: 'Query', mutation: 'Mutation', subscription: 'Subscription' } as const;
