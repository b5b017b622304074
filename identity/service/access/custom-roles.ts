import type { Permission } from '@inevitable/contract';
import type { CustomRoles } from './permissions-of.js';

export type CustomRoleRows = readonly (readonly [name: string, permissions: readonly Permission[]])[];

/** SQL for those of a tenant's own roles that the membership `m` has, as `CustomRoleRows`. */
export const CUSTOM_ROLES_OF_MEMBERSHIP = `
  (select coalesce(json_agg(json_build_array(r.name, r.permissions)), '[]')
   from tenant_roles r where r.tenant_id = m.tenant_id and r.name = any (m.roles))`;

export const customRoles = (rows: CustomRoleRows): CustomRoles => new Map(rows);
