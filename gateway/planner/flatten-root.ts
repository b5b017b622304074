import { Kind, type DefinitionNode, type DocumentNode, type GraphQLSchema, type SelectionNode } from 'graphql';
import { fragmentsIn } from '../executor/client-operation.js';
import { collectFields } from '../executor/collect-fields.js';

/**
 * The document with its operation's root fields side by side, in the order in which they are executed (GraphQL
 * specification, 6.3.2). Apollo's planner runs the fields of a mutation in another order where fragments hold them.
 */
export function flattenRoot(document: DocumentNode, schema: GraphQLSchema): DocumentNode {
  const fragments = fragmentsIn(document);
  const definitions = document.definitions.map((definition): DefinitionNode => {
    if (definition.kind !== Kind.OPERATION_DEFINITION) return definition;
    const root = schema.getRootType(definition.operation);
    const isFlat = definition.selectionSet.selections.every(({ kind }) => kind === Kind.FIELD);
    if (!root || isFlat) return definition;
    const fields = collectFields(schema, { included: () => true, fragments }, root, [definition.selectionSet]);
    const selections = [...fields.values()].map(([first, ...same]): SelectionNode => {
      const below = [first!, ...same].flatMap(({ selectionSet }) => selectionSet?.selections ?? []);
      return below.length === 0 ? first! : { ...first!, selectionSet: { kind: Kind.SELECTION_SET, selections: below } };
    });
    return { ...definition, selectionSet: { kind: Kind.SELECTION_SET, selections } };
  });
  return { ...document, definitions };
}
