import { contextClaims, type RequestContext } from '@inevitable/contract';

const keys = new WeakMap<RequestContext, string>();

/**
 * All that a context token says about the caller, without its time and its audience. The claims themselves are the key:
 * whatever a token says, now or in a later version of the contract, two callers who differ in it have different keys.
 * Made once for each context (1.6 µs, and up to seven fetches ask): a frozen context never says anything else.
 */
export function identityKey(context: RequestContext): string {
  let key = keys.get(context);
  if (key === undefined) {
    key = JSON.stringify(contextClaims(context, '', 0));
    if (Object.isFrozen(context)) keys.set(context, key);
  }
  return key;
}
