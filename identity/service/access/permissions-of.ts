import type { Permission } from '@inevitable/contract';

export const ROLES = ['owner', 'admin', 'member', 'viewer'] as const;
export type Role = (typeof ROLES)[number];

/** A tenant's own roles, by name: never one of ours. */
export type CustomRoles = ReadonlyMap<string, readonly Permission[]>;

const verbOf = (permission: Permission): string => permission.slice(permission.lastIndexOf(':') + 1);

const allows: Readonly<Record<Role, (permission: Permission) => boolean>> = {
  owner: () => true,
  admin: () => true,
  member: (permission) => verbOf(permission) !== 'admin',
  viewer: (permission) => verbOf(permission) === 'read',
};

export const isRole = (name: string): name is Role => Object.hasOwn(allows, name);

const NO_CUSTOM_ROLES: CustomRoles = new Map();

/**
 * What `roles` may do, out of every permission the products declare, in the catalogue's order. An unknown role adds
 * nothing, nor does a custom role with what no product declares (any more).
 */
export function permissionsOf(
  roles: readonly string[],
  catalogue: readonly Permission[],
  customRoles = NO_CUSTOM_ROLES,
): readonly Permission[] {
  const ours = roles.filter(isRole);
  const theirs = new Set(roles.flatMap((role) => (isRole(role) ? [] : (customRoles.get(role) ?? []))));
  return catalogue.filter((permission) => theirs.has(permission) || ours.some((role) => allows[role](permission)));
}
