import type { GatheredExtensions } from '../extensions/gather-extensions.js';
import type { OperationSeen, Verdict } from '../extensions/gateway-extension.js';
import type { IdentifiedOperation } from './identify-operation.js';
import { SeenOperation } from './seen-operation.js';

/** An operation that may go on to be authorized and planned. */
export interface PermittedOperation extends IdentifiedOperation {
  readonly seen: OperationSeen;
  /** An extension wants to know this operation's fetches. */
  readonly observed: boolean;
}

/**
 * Asks the extensions. Throws what one of them rejected the operation with, before any subgraph is asked; it has ended for
 * them then. Whoever is given a permitted operation tells them of its end (`GatheredExtensions.onEnd`).
 */
export function protect(
  identified: IdentifiedOperation,
  extensions: GatheredExtensions,
): PermittedOperation | Promise<PermittedOperation> {
  const { onOperation } = extensions;
  if (onOperation === null) return withoutAsking(identified);
  const seen = seenBy(identified);
  try {
    const verdict = onOperation(seen);
    if (!(verdict instanceof Promise)) return obey(verdict, identified, seen);
    return verdict.then((given) => obey(given, identified, seen)).catch(refuse);
  } catch (error) {
    return refuse(error);
  }

  function refuse(error: unknown): never {
    extensions.onEnd?.(seen);
    throw error;
  }
}

/** Permitted before: an event of a subscription is answered as the subscription was. */
export const withoutAsking = (identified: IdentifiedOperation): PermittedOperation =>
  Object.assign(identified, { seen: seenBy(identified), observed: false });

function seenBy(identified: IdentifiedOperation): OperationSeen {
  const seen = new SeenOperation(identified);
  if (identified.record) identified.record.operation = seen;
  return seen;
}

function obey(verdict: Verdict, identified: IdentifiedOperation, seen: OperationSeen): PermittedOperation {
  if (verdict.kind === 'reject') throw verdict.error;
  return Object.assign(identified, { seen, observed: verdict.observe });
}
