import type { RequestContext } from '@inevitable/contract';
import type { AccessTokens } from '../authentication/access-tokens.js';
import { authenticateCaller } from '../authentication/authenticate-caller.js';
import type { ReceivedOperation } from './receive.js';

/** An operation whose caller is known, if only to be nobody. */
export interface AuthenticatedOperation {
  readonly received: ReceivedOperation;
  readonly context: RequestContext;
}

/** Throws `Unauthenticated` for a token that does not hold, `SubgraphUnreachable` when identity cannot be asked. */
export function authenticate(
  received: ReceivedOperation,
  tokens: AccessTokens | null,
): AuthenticatedOperation | Promise<AuthenticatedOperation> {
  const context = authenticateCaller(received.rawHeaders, received.facts, tokens);
  return context instanceof Promise ? context.then((known) => ({ received, context: known })) : { received, context };
}
