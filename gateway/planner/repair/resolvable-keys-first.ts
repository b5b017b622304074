import type { ConstDirectiveNode, DocumentNode } from 'graphql';
import { saysFalse } from '../../supergraph/join-directives.js';
import { hasFields, type FieldsDefinition } from './supergraph-types.js';

/**
 * To come back to a subgraph for a field with `@requires`, `@apollo/query-planner` takes the type's first key there, also
 * one with `resolvable: false`, which the subgraph does not answer. The order of keys means nothing else, so the resolvable
 * ones go to the front. Returns the document itself where they are there already.
 */
export function resolvableKeysFirst(supergraph: DocumentNode): DocumentNode {
  const definitions = supergraph.definitions.map((definition) =>
    hasFields(definition) ? sorted(definition) : definition,
  );
  return definitions.every((definition, at) => definition === supergraph.definitions[at])
    ? supergraph
    : { ...supergraph, definitions };
}

function sorted(definition: FieldsDefinition): FieldsDefinition {
  const { directives = [] } = definition;
  const first = directives.filter((directive) => !isUnresolvableKey(directive));
  const inOrder = [...first, ...directives.filter(isUnresolvableKey)];
  return inOrder.every((directive, at) => directive === directives[at])
    ? definition
    : { ...definition, directives: inOrder };
}

const isUnresolvableKey = (directive: ConstDirectiveNode): boolean =>
  directive.name.value === 'join__type' && saysFalse(directive, 'resolvable');
