import type { DocumentNode, FieldNode } from 'graphql';
import {
  conditionValues,
  conditionVariables,
  fragmentsIn,
  includedUnder,
  operationIn,
  type ClientOperation,
} from '../executor/client-operation.js';

/** The document's operation, all of whose fields are fetched under their response names. */
export function clientOperationOf(
  document: DocumentNode,
  variables: Readonly<Record<string, unknown>> = {},
  changes: Partial<ClientOperation> = {},
): ClientOperation {
  const operation = operationIn(document, null);
  const conditions = conditionValues(conditionVariables(document, operation), variables);
  return {
    operation,
    fragments: fragmentsIn(document),
    plannedName: responseName,
    isDenied: () => false,
    mayDeny: false,
    included: includedUnder(conditions),
    isDeferred: () => false,
    hidesTypes: false,
    interfaces: [],
    ...changes,
  };
}

export const responseName = ({ alias, name }: FieldNode): string => alias?.value ?? name.value;
