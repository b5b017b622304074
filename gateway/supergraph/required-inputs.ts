import { Kind, type DocumentNode } from 'graphql';
import { joinGraphsIn, valueOf } from './join-graph.js';

/** True for a field that the subgraph resolves from fields of others (`@requires`). */
export type RequiresInput = (subgraph: string, type: string, field: string) => boolean;

export function readRequiredInputs(supergraph: DocumentNode): RequiresInput {
  const names = new Map(joinGraphsIn(supergraph).map(({ graph, name }) => [graph, name]));
  const fields = new Set<string>();
  for (const definition of supergraph.definitions) {
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
