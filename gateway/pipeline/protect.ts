import type { GatheredExtensions } from '../extensions/gather-extensions.js';
import type { OperationSeen, Verdict } from '../extensions/gateway-extension.js';
import type { IdentifiedOperation } from './identify-operation.js';

/** An operation that may go on to be authorized and planned. */
export interface PermittedOperation extends IdentifiedOperation {
  readonly seen: OperationSeen;
  /** An extension wants to know this operation's fetches. */
  readonly observed: boolean;
}

/** Asks the extensions. Throws what one of them rejected the operation with, before any subgraph is asked. */
export function protect(
  identified: IdentifiedOperation,
  { onOperation }: GatheredExtensions,
): PermittedOperation | Promise<PermittedOperation> {
  if (onOperation === null) return withoutAsking(identified);
  const seen = operationSeen(identified);
  const verdict = onOperation(seen);
  return verdict instanceof Promise
    ? verdict.then((given) => obey(given, identified, seen))
    : obey(verdict, identified, seen);
}

/** Permitted before: an event of a subscription is answered as the subscription was. */
export const withoutAsking = (identified: IdentifiedOperation): PermittedOperation =>
  Object.assign(identified, { seen: operationSeen(identified), observed: false });

function obey(verdict: Verdict, identified: IdentifiedOperation, seen: OperationSeen): PermittedOperation {
  if (verdict.kind === 'reject') throw verdict.error;
  return Object.assign(identified, { seen, observed: verdict.observe });
}

const operationSeen = ({
  document,
  schema,
  operation,
  variables,
  context,
  header,
}: IdentifiedOperation): OperationSeen => ({
  context,
  document: document.document,
  schema,
  definition: operation.definition,
  hash: document.hash,
  operationName: operation.definition.name?.value ?? null,
  variables,
  header,
});
