import { BadUserInput, Forbidden, NotEntitled, type Permission, type TenantId } from '@inevitable/contract';
import { z } from 'zod';
import { judgePermissions } from '../../access/judge-role-change.js';
import { isRole } from '../../access/permissions-of.js';
import { describeEntitlements } from '../../entitlements/describe-entitlements.js';
import type { FlowDeps } from '../flow-deps.js';
import { roleName } from '../members/role-names.js';
import type { Standing } from '../members/with-locked-tenant.js';
import { Refusal } from '../refusals.js';

const FEATURE = 'identity.custom-roles';
const MOST_PERMISSIONS = 500;

/** Ours cannot be written by a tenant. */
export const customRoleName = roleName.refine((name) => !isRole(name), 'is a role that every tenant has');

export const permissionNames = z
  .array(z.string().max(200))
  .max(MOST_PERMISSIONS, `must have at most ${MOST_PERMISSIONS} permissions`)
  .transform((names): readonly Permission[] => [...new Set(names)].sort());

/** As the graph shows it. */
export const ROLE_COLUMNS = `
  id, tenant_id as "tenantId", name, permissions, created_at as "createdAt", updated_at as "updatedAt"`;

/**
 * Throws `NotEntitled` where the tenant's plan has no custom roles. It writes none then; those it has go on to hold, and can
 * be taken away.
 */
export async function assertCustomRoles({ db }: FlowDeps, tenantId: TenantId): Promise<void> {
  const feature = (await describeEntitlements(db, tenantId)).features[FEATURE];
  if (feature?.kind !== 'boolean' || !feature.enabled) throw new NotEntitled(FEATURE);
}

/** Throws `BadUserInput` for a permission that no product declares. */
export function assertDeclared(permissions: readonly Permission[], { permissions: catalogue }: FlowDeps): void {
  const unknown = permissions.find((permission) => !catalogue().includes(permission));
  if (unknown !== undefined) throw new BadUserInput(`There is no permission "${unknown}".`, 'input.permissions');
}

/** Refuses, with `Forbidden`, what the caller may not do themselves. */
export function assertOwn({ permissions: own }: Standing, permissions: readonly Permission[]): void {
  const verdict = judgePermissions(own, permissions);
  if (verdict.kind === 'refused')
    throw new Refusal(new Forbidden('You may not give or take these permissions.'), verdict.reason);
}
