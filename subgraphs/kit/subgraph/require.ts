import {
  Forbidden,
  Unauthenticated,
  userOf,
  type Permission,
  type RequestContext,
  type TenantSeen,
  type UserId,
} from '@inevitable/contract';

/** Throws `Unauthenticated` for nobody and `Forbidden` for a caller without `permission`. */
export function requirePermission(context: RequestContext, permission: Permission): void {
  if (context.caller.kind === 'anonymous') throw new Unauthenticated();
  if (!context.may.has(permission)) throw new Forbidden(`This needs the permission "${permission}".`);
}

/** The person who asks. Throws `Unauthenticated` for nobody and `Forbidden` for a key or a service. */
export function requireUser(context: RequestContext): UserId {
  const user = userOf(context.caller);
  if (user) return user;
  throw context.caller.kind === 'anonymous'
    ? new Unauthenticated()
    : new Forbidden('Only a signed-in user may do this.');
}

/** The tenant the caller's token speaks for. Throws `Unauthenticated`. */
export function requireTenant(context: RequestContext): TenantSeen {
  if (!context.tenant) throw new Unauthenticated();
  return context.tenant;
}

/** Throws `Unauthenticated` for nobody and `Forbidden` for whoever is not a platform administrator. */
export function requirePlatformAdmin({ caller }: RequestContext): void {
  if (caller.kind === 'anonymous') throw new Unauthenticated();
  if (caller.kind !== 'platformAdmin') throw new Forbidden('Only a platform administrator may see this.');
}
