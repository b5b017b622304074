import type { OperationSeen } from '../extensions/gateway-extension.js';
import type { Snapshot } from '../snapshot/snapshot.js';
import type { IdentifiedOperation } from './identify-operation.js';

/** An identified operation as extensions see it. */
export function seenOperation(
  { document, schema, operation, variables, context, header }: IdentifiedOperation,
  { costOf }: Snapshot,
): OperationSeen {
  let cost: number | null = null;
  return {
    context,
    document: document.document,
    schema,
    definition: operation.definition,
    hash: document.hash,
    operationName: operation.definition.name?.value ?? null,
    variables,
    get cost() {
      return (cost ??= costOf(document, operation, variables));
    },
    header,
  };
}
