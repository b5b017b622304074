import type { Permission } from '@inevitable/contract';

export const ROLES = ['owner', 'admin', 'member', 'viewer'] as const;
export type Role = (typeof ROLES)[number];

const verbOf = (permission: Permission): string => permission.slice(permission.lastIndexOf(':') + 1);

const allows: Readonly<Record<Role, (permission: Permission) => boolean>> = {
  owner: () => true,
  admin: () => true,
  member: (permission) => verbOf(permission) !== 'admin',
  viewer: (permission) => verbOf(permission) === 'read',
};

const isRole = (name: string): name is Role => Object.hasOwn(allows, name);

/** What `roles` may do, out of every permission the products declare, in the catalogue's order. An unknown role adds nothing. */
export function permissionsOf(roles: readonly string[], catalogue: readonly Permission[]): readonly Permission[] {
  const known = roles.filter(isRole);
  return catalogue.filter((permission) => known.some((role) => allows[role](permission)));
}
