import { Forbidden, NotFound, type Permission, type TenantId, type UserId } from '@inevitable/contract';
import { permissionsOf, type CustomRoles } from '../../access/permissions-of.js';
import type { Origin } from '../../audit/origin.js';
import type { Rows } from '../../store/system-database.js';
import type { FlowDeps } from '../flow-deps.js';
import { auditRefusals, Refusal } from '../refusals.js';
import { lockTenant, type LockedTenant } from '../tenants/lock-tenant.js';
import type { ActingMember } from './acting-member.js';

/** What somebody may do in a tenant at this moment, whatever was in their token. */
export interface Standing {
  readonly roles: readonly string[];
  readonly permissions: ReadonlySet<Permission>;
}

/** A tenant while nobody else changes who may do what in it. */
export interface TenantInUse extends LockedTenant {
  readonly customRoles: CustomRoles;
  permissionsOfRole(role: string): readonly Permission[];
}

/**
 * Locks a tenant with its roles, so that a change of who may do what in it is judged by what is true when it happens, such as
 * who is its last owner. null: there is no such tenant, or it is not in use.
 */
export async function lockTenantInUse(rows: Rows, tenantId: TenantId, deps: FlowDeps): Promise<TenantInUse | null> {
  const tenant = await lockTenant(rows, tenantId);
  if (tenant?.status !== 'active') return null;
  const roles = await rows<{ name: string; permissions: readonly Permission[] }>(
    'select name, permissions from tenant_roles where tenant_id = $1',
    [tenantId],
  );
  const customRoles = new Map(roles.map(({ name, permissions }) => [name, permissions]));
  const catalogue = deps.permissions();
  return { ...tenant, customRoles, permissionsOfRole: (role) => permissionsOf([role], catalogue, customRoles) };
}

/** null: not an active member, or disabled. `may`: what a token reaches; all of it unless told. */
export async function standingOf(
  rows: Rows,
  tenant: TenantInUse,
  { userId, may }: { readonly userId: UserId; readonly may?: ReadonlySet<Permission> },
): Promise<Standing | null> {
  const [member] = await rows<{ roles: string[] }>(
    `select m.roles from memberships m join users u on u.id = m.user_id and u.status = 'active'
     where m.tenant_id = $1 and m.user_id = $2 and m.status = 'active'`,
    [tenant.id, userId],
  );
  if (!member) return null;
  const permissions = member.roles.flatMap((role) => tenant.permissionsOfRole(role));
  return {
    roles: member.roles,
    permissions: new Set(permissions.filter((permission) => may?.has(permission) ?? true)),
  };
}

/** What a change of a tenant by one of its members needs. */
export interface MemberChange {
  /** For the audit. */
  readonly action: string;
  readonly by: ActingMember;
  /** What the member must be allowed to do, now and by their token. */
  readonly permission: Permission;
}

/**
 * One transaction in which a member changes something of their tenant, while nobody else changes who may do what there.
 * `work` throws `Refusal`, or what the caller did wrong. Throws `Forbidden` without the permission.
 */
export const withLockedTenant = <T>(
  { action, by, permission }: MemberChange,
  origin: Origin,
  deps: FlowDeps,
  work: (rows: Rows, tenant: TenantInUse, standing: Standing) => Promise<T>,
): Promise<T> =>
  auditRefusals({ tenantId: by.tenantId, origin, action }, deps, () =>
    deps.db.transaction(async (rows) => {
      const tenant = await lockTenantInUse(rows, by.tenantId, deps);
      if (!tenant) throw new NotFound('tenant');
      const standing = await standingOf(rows, tenant, by);
      if (!standing?.permissions.has(permission))
        throw new Refusal(new Forbidden(`This needs the permission "${permission}".`), `without "${permission}"`);
      return work(rows, tenant, standing);
    }),
  );
