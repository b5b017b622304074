import { Kind, type DocumentNode } from 'graphql';
import { argumentOf, isJoinField, nameIn } from './join-directives.js';
import { joinGraphsIn } from './join-graph.js';

/** True for a field that the subgraph resolves from fields of others (`@requires`). */
export type RequiresInput = (subgraph: string, type: string, field: string) => boolean;

export function readRequiredInputs(supergraph: DocumentNode): RequiresInput {
  const names = new Map(joinGraphsIn(supergraph).map(({ graph, name }) => [graph, name]));
  const fields = new Set<string>();
  for (const definition of supergraph.definitions) {
    if (definition.kind !== Kind.OBJECT_TYPE_DEFINITION && definition.kind !== Kind.INTERFACE_TYPE_DEFINITION) continue;
    for (const field of definition.fields ?? [])
      for (const directive of field.directives ?? []) {
        const graph = nameIn(directive, 'graph');
        if (!isJoinField(directive) || graph === '' || !argumentOf(directive, 'requires')) continue;
        const subgraph = names.get(graph) ?? graph;
        fields.add(`${definition.name.value}.${field.name.value} ${subgraph}`);
      }
  }
  return (subgraph, type, field) => fields.has(`${type}.${field} ${subgraph}`);
}
