import { BadUserInput, Forbidden, isUuid, Unauthenticated, type RequestContext } from '@inevitable/kit';
import type { JobScope } from '@inevitable/kit/host';

/** As `jobsPermission` of the kit writes it. */
const JOBS_PERMISSION = /^([a-z][a-z0-9-]*):jobs:admin$/;

/**
 * Whose jobs the caller sees and steers: a platform administrator everybody's, anybody else those of the own tenant and of
 * the products it has the permission for. Throws `Unauthenticated` and `Forbidden`.
 */
export function jobScopeOf({ caller, tenant, may }: RequestContext): JobScope {
  if (caller.kind === 'anonymous') throw new Unauthenticated();
  if (caller.kind === 'platformAdmin') return { kind: 'all' };
  const products = [...may].flatMap((permission) => JOBS_PERMISSION.exec(permission)?.[1] ?? []);
  if (!tenant || !products.length)
    throw new Forbidden('This needs the permission "<product>:jobs:admin" of a product.');
  return { kind: 'tenant', tenantId: tenant.id, products };
}

/**
 * The tenant that was asked for; undefined: none was. Another one than the own is refused, whether it exists or not.
 * Throws `Forbidden`, and `BadUserInput` for what is no id, with `field`.
 */
export function tenantAskedFor(scope: JobScope, asked: string | null | undefined, field: string): string | undefined {
  if (asked == null) return undefined;
  if (scope.kind === 'tenant' && asked !== scope.tenantId)
    throw new Forbidden('Only a platform administrator may name another tenant.');
  if (!isUuid(asked)) throw new BadUserInput('That is no id of a tenant.', field);
  return asked;
}
