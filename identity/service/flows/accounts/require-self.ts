import {
  Forbidden,
  Unauthenticated,
  type RequestContext,
  type SessionId,
  type TenantId,
  type UserId,
} from '@inevitable/contract';
import { requireUser } from '@inevitable/kit';

/** A person who is signed in, and nobody in their place. */
export interface Self {
  readonly userId: UserId;
  readonly sessionId: SessionId;
  /** The tenant the token speaks for: its audit has what the person does. */
  readonly tenantId: TenantId;
}

/**
 * For what belongs to the person alone: how they sign in, and how they are called. Throws `Unauthenticated`, and
 * `Forbidden` for keys, services and whoever works in a person's place.
 */
export function requireSelf(context: RequestContext): Self {
  const userId = requireUser(context);
  const { caller, sessionId, tenant } = context;
  if (caller.kind === 'member' && caller.actor !== undefined)
    throw new Forbidden('Only the person themselves may do this.');
  if (!sessionId || !tenant) throw new Unauthenticated();
  return { userId, sessionId, tenantId: tenant.id };
}
