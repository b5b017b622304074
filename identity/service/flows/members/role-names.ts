import { BadUserInput } from '@inevitable/contract';
import { z } from 'zod';
import { isRole } from '../../access/permissions-of.js';
import type { TenantInUse } from './with-locked-tenant.js';

/** Of a tenant's own role. */
export const roleName = z
  .string()
  .regex(/^[a-z][a-z0-9-]{1,30}$/, 'is 2 to 31 lower-case letters, digits and hyphens, a letter first');

const MOST_ROLES = 20;

/** The roles of a member: at least one, each once. */
export const roleNames = z
  .array(roleName)
  .min(1, 'must name a role')
  .max(MOST_ROLES, `must have at most ${MOST_ROLES} roles`)
  .transform((names): readonly string[] => [...new Set(names)]);

/** Throws `BadUserInput` for a role that is neither ours nor the tenant's. */
export function assertRolesExist({ customRoles }: TenantInUse, roles: readonly string[]): void {
  const unknown = roles.find((role) => !isRole(role) && !customRoles.has(role));
  if (unknown !== undefined) throw new BadUserInput(`There is no role "${unknown}".`, 'input.roles');
}
