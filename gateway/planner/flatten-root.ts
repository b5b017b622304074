import {
  Kind,
  OperationTypeNode,
  type DefinitionNode,
  type DocumentNode,
  type GraphQLSchema,
  type SelectionNode,
} from 'graphql';
import { fragmentsIn } from '../executor/client-operation.js';
import { collectFields } from '../executor/collect-fields.js';
import { deferLabel } from '../executor/defer/expand-deferred.js';

/**
 * The document with its operation's root fields side by side, in the order in which they are executed (GraphQL
 * specification, 6.3.2). Apollo's planner runs the fields of a mutation in another order where fragments hold them.
 */
export function flattenRoot(document: DocumentNode, schema: GraphQLSchema): DocumentNode {
  const fragments = fragmentsIn(document);
  const definitions = document.definitions.map((definition): DefinitionNode => {
    if (definition.kind !== Kind.OPERATION_DEFINITION) return definition;
    const root = schema.getRootType(definition.operation);
    const { operation, selectionSet } = definition;
    const isFlat = selectionSet.selections.every(({ kind }) => kind === Kind.FIELD);
    // A part of a query's root may be deferred; a mutation's is one answer, and so is what its root defers.
    if (!root || isFlat || (operation === OperationTypeNode.QUERY && selectionSet.selections.some(isDeferred)))
      return definition;
    const client = { included: () => true, isDeferred: () => false, fragments };
    const fields = collectFields(schema, client, root, [selectionSet]);
    const selections = [...fields.values()].map(([first, ...same]): SelectionNode => {
      const below = [first!, ...same].flatMap(({ selectionSet }) => selectionSet?.selections ?? []);
      return below.length === 0 ? first! : { ...first!, selectionSet: { kind: Kind.SELECTION_SET, selections: below } };
    });
    return { ...definition, selectionSet: { kind: Kind.SELECTION_SET, selections } };
  });
  return { ...document, definitions };
}

const isDeferred = (selection: SelectionNode): boolean => deferLabel(selection) !== null;
