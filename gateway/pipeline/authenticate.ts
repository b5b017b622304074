import type { RequestContext } from '@inevitable/contract';
import type { Credentials } from '../authentication/credentials.js';
import { authenticateCaller } from '../authentication/authenticate-caller.js';
import type { ReceivedOperation } from './receive.js';

/** An operation whose caller is known, if only to be nobody. */
export interface AuthenticatedOperation {
  readonly received: ReceivedOperation;
  readonly context: RequestContext;
}

/** Throws `Unauthenticated` for a credential that does not hold, `SubgraphUnreachable` when identity cannot be asked. */
export function authenticate(
  received: ReceivedOperation,
  credentials: Credentials | null,
): AuthenticatedOperation | Promise<AuthenticatedOperation> {
  const context = authenticateCaller(received.rawHeaders, received.facts, credentials);
  return context instanceof Promise ? context.then((known) => ({ received, context: known })) : { received, context };
}
