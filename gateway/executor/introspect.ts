import {
  executeSync,
  Kind,
  OperationTypeNode,
  visit,
  type DocumentNode,
  type FieldNode,
  type GraphQLSchema,
} from 'graphql';
import type { ClientOperation } from './client-operation.js';

/** Answers one root field `__schema` or `__type` from the API schema (GraphQL specification, section 4), as JSON. */
export function introspect(
  field: FieldNode,
  schema: GraphQLSchema,
  { operation, fragments }: Pick<ClientOperation, 'operation' | 'fragments'>,
  variables: Readonly<Record<string, unknown>>,
): string {
  const used = new Set<string>();
  const spread = new Set<string>();
  const note = (node: Parameters<typeof visit>[0]): void =>
    void visit(node, {
      Variable: ({ name }) => void used.add(name.value),
      FragmentSpread: ({ name }) => {
        const fragment = fragments.get(name.value);
        if (!fragment || spread.has(name.value)) return;
        spread.add(name.value);
        note(fragment);
      },
    });
  note(field);
  const document: DocumentNode = {
    kind: Kind.DOCUMENT,
    definitions: [
      {
        kind: Kind.OPERATION_DEFINITION,
        operation: OperationTypeNode.QUERY,
        variableDefinitions: (operation.variableDefinitions ?? []).filter(({ variable }) =>
          used.has(variable.name.value),
        ),
        selectionSet: { kind: Kind.SELECTION_SET, selections: [field] },
      },
      ...[...spread].map((name) => fragments.get(name)!),
    ],
  };
  const { data } = executeSync({ schema, document, variableValues: variables });
  return JSON.stringify(data?.[field.alias?.value ?? field.name.value] ?? null);
}
