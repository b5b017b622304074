import { Kind, parse, type DocumentNode, type SelectionSetNode } from 'graphql';
import { nameIn, saysFalse } from './join-directives.js';
import { joinGraphsIn } from './join-graph.js';

/** Fields of a key by name, with those below them (federation specification, `@key(fields:)`). */
export type KeyFields = { readonly [name: string]: KeyFields };

/** The keys by which a subgraph answers an entity of the type; empty for a type it does not answer. */
export type EntityKeys = (subgraph: string, type: string) => readonly KeyFields[];

export function readEntityKeys(supergraph: DocumentNode): EntityKeys {
  const names = new Map(joinGraphsIn(supergraph).map(({ graph, name }) => [graph, name]));
  const keys = new Map<string, KeyFields[]>();
  for (const definition of supergraph.definitions) {
    if (definition.kind !== Kind.OBJECT_TYPE_DEFINITION && definition.kind !== Kind.INTERFACE_TYPE_DEFINITION) continue;
    for (const directive of definition.directives ?? []) {
      if (directive.name.value !== 'join__type') continue;
      const [graph, key] = [nameIn(directive, 'graph'), nameIn(directive, 'key')];
      if (graph === '' || key === '' || saysFalse(directive, 'resolvable')) continue;
      const place = placeOf(names.get(graph) ?? graph, definition.name.value);
      keys.set(place, [...(keys.get(place) ?? []), fieldsOf(key)]);
    }
  }
  return (subgraph, type) => keys.get(placeOf(subgraph, type)) ?? NONE;
}

const NONE: readonly KeyFields[] = [];
const placeOf = (subgraph: string, type: string): string => `${type} ${subgraph}`;
function fieldsOf(fieldSet: string): KeyFields {
  const [operation] = parse(`{ ${fieldSet} }`, { noLocation: true }).definitions;
  return operation?.kind === Kind.OPERATION_DEFINITION ? fieldsIn(operation.selectionSet) : {};
}

/** What a fragment in a key asks of some types only is left out: it may be missing. */
const fieldsIn = ({ selections }: SelectionSetNode): KeyFields =>
  Object.fromEntries(
    selections.flatMap((selection) =>
      selection.kind === Kind.FIELD
        ? [[selection.name.value, selection.selectionSet ? fieldsIn(selection.selectionSet) : {}] as const]
        : [],
    ),
  );
