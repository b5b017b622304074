import type { DocumentNode, FieldNode } from 'graphql';
import type { Decision } from '../authorization/authorize.js';
import type { Snapshot } from '../snapshot/snapshot.js';
import type { PermittedOperation } from './protect.js';

/** An operation whose caller may have every field that is going to be fetched. Only such a one can be planned. */
export interface AuthorizedOperation extends PermittedOperation {
  /** The client's document without the denied fields: what is planned. */
  readonly fetched: DocumentNode;
  /** Distinguishes every different set of denied fields; empty where nothing is denied. */
  readonly deniedKey: string;
  /** For field nodes of the client's own document; null where nothing is denied. */
  readonly isDenied: ((field: FieldNode) => boolean) | null;
}

/** Throws the refusal in mode `reject`. Does not wait where nothing has to be asked. */
export function authorizeOperation(
  permitted: PermittedOperation,
  { authorization }: Snapshot,
): AuthorizedOperation | Promise<AuthorizedOperation> {
  const { requirements } = permitted.operation;
  if (requirements === null) return unrestricted(permitted);
  const decision = authorization.decide(requirements, permitted.context);
  return decision instanceof Promise
    ? decision.then((decided) => apply(decided, permitted))
    : apply(decision, permitted);
}

const unrestricted = (permitted: PermittedOperation): AuthorizedOperation =>
  Object.assign(permitted, { fetched: permitted.document.document, deniedKey: '', isDenied: null });

function apply(decision: Decision, permitted: PermittedOperation): AuthorizedOperation {
  switch (decision.kind) {
    case 'allowed':
      return unrestricted(permitted);
    case 'rejected':
      throw decision.error;
    case 'filtered':
      return Object.assign(permitted, {
        fetched: decision.document,
        deniedKey: decision.key,
        isDenied: (field: FieldNode) => decision.isDenied(field),
      });
  }
}
