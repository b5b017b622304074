import { Kind, parse, type ConstDirectiveNode, type SelectionSetNode } from 'graphql';
import { joinGraphsIn } from './join-graph.js';

/** Fields of a key by name, with those below them (federation specification, `@key(fields:)`). */
export type KeyFields = { readonly [name: string]: KeyFields };

/** The keys by which a subgraph answers an entity of the type; empty for a type it does not answer. */
export type EntityKeys = (subgraph: string, type: string) => readonly KeyFields[];

export function readEntityKeys(sdl: string): EntityKeys {
  const document = parse(sdl, { noLocation: true });
  const names = new Map(joinGraphsIn(document).map(({ graph, name }) => [graph, name]));
  const keys = new Map<string, KeyFields[]>();
  for (const definition of document.definitions) {
    if (definition.kind !== Kind.OBJECT_TYPE_DEFINITION && definition.kind !== Kind.INTERFACE_TYPE_DEFINITION) continue;
    for (const directive of definition.directives ?? []) {
      if (directive.name.value !== 'join__type') continue;
      const graph = valueOf(directive, 'graph');
      const key = valueOf(directive, 'key');
      if (graph?.kind !== Kind.ENUM || key?.kind !== Kind.STRING) continue;
      const resolvable = valueOf(directive, 'resolvable');
      if (resolvable?.kind === Kind.BOOLEAN && !resolvable.value) continue;
      const place = placeOf(names.get(graph.value) ?? graph.value, definition.name.value);
      keys.set(place, [...(keys.get(place) ?? []), fieldsOf(key.value)]);
    }
  }
  return (subgraph, type) => keys.get(placeOf(subgraph, type)) ?? NONE;
}

/** True for a field that the subgraph resolves from fields of others (`@requires`). */
export type RequiresInput = (subgraph: string, type: string, field: string) => boolean;

export function readRequiredInputs(sdl: string): RequiresInput {
  const document = parse(sdl, { noLocation: true });
  const names = new Map(joinGraphsIn(document).map(({ graph, name }) => [graph, name]));
  const fields = new Set<string>();
  for (const definition of document.definitions) {
    if (definition.kind !== Kind.OBJECT_TYPE_DEFINITION && definition.kind !== Kind.INTERFACE_TYPE_DEFINITION) continue;
    for (const field of definition.fields ?? [])
      for (const directive of field.directives ?? []) {
        const graph = valueOf(directive, 'graph');
        if (directive.name.value !== 'join__field' || graph?.kind !== Kind.ENUM || !valueOf(directive, 'requires'))
          continue;
        const subgraph = names.get(graph.value) ?? graph.value;
        fields.add(`${definition.name.value}.${field.name.value} ${subgraph}`);
      }
  }
  return (subgraph, type, field) => fields.has(`${type}.${field} ${subgraph}`);
}

const NONE: readonly KeyFields[] = [];
const placeOf = (subgraph: string, type: string): string => `${type} ${subgraph}`;
const valueOf = ({ arguments: given = [] }: ConstDirectiveNode, name: string) =>
  given.find((argument) => argument.name.value === name)?.value;

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
