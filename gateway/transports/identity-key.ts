import { contextClaims, type Caller, type RequestContext } from '@inevitable/contract';

/** All of a context that a token speaks of: the same objects, the same claims. */
interface KnownIdentity {
  readonly tenant: RequestContext['tenant'];
  readonly roles: RequestContext['roles'];
  readonly may: RequestContext['may'];
  readonly sessionId: RequestContext['sessionId'];
  readonly deployment: RequestContext['deployment'];
  readonly key: string;
}

const keys = new WeakMap<Caller, KnownIdentity>();

/**
 * All that a context token says about the caller, without its time and its audience. The claims themselves are the key:
 * whatever a token says, now or in a later version of the contract, two callers who differ in it have different keys.
 * Made once for each verified token (1.6 µs, and every fetch asks): its requests share the objects that say who they are,
 * and an equal key is answered only where every one of them is the very same, and frozen or only ever read.
 */
export function identityKey(context: RequestContext): string {
  const { caller, tenant, roles, may, sessionId, deployment } = context;
  const known = keys.get(caller);
  if (
    known?.tenant === tenant &&
    known.roles === roles &&
    known.may === may &&
    known.sessionId === sessionId &&
    known.deployment === deployment
  )
    return known.key;
  const key = JSON.stringify(contextClaims(context, '', 0));
  if (Object.isFrozen(caller) && Object.isFrozen(roles) && (tenant === null || Object.isFrozen(tenant)))
    keys.set(caller, { tenant, roles, may, sessionId, deployment, key });
  return key;
}
