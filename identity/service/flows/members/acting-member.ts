import type { Permission, RequestContext, TenantId, UserId } from '@inevitable/contract';
import { requireTenant, requireUser } from '@inevitable/kit';

/** A person who acts in the tenant of their token, as far as the token reaches. */
export interface ActingMember {
  readonly userId: UserId;
  readonly tenantId: TenantId;
  readonly may: ReadonlySet<Permission>;
}

/** Throws `Unauthenticated` for nobody, and `Forbidden` for a key and a service: they administer no people. */
export function actingMember(context: RequestContext): ActingMember {
  const userId = requireUser(context);
  return { userId, tenantId: requireTenant(context).id, may: context.may };
}
