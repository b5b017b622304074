import type { Permission } from '@inevitable/contract';

/** Somebody's roles are to become others. Without a role is who is no member yet, or no more. */
export interface RoleChange {
  /** Whoever makes the change: the roles they have now, and what their token reaches of it. */
  readonly by: { readonly roles: readonly string[]; readonly permissions: ReadonlySet<Permission> };
  readonly before: readonly string[];
  readonly after: readonly string[];
}

export type Verdict = { readonly kind: 'allowed' } | { readonly kind: 'refused'; readonly reason: string };

export const allowed: Verdict = { kind: 'allowed' };
export const refusedFor = (reason: string): Verdict => ({ kind: 'refused', reason });

/** They may do everything, also what is declared tomorrow: only an owner decides who may. */
const MADE_BY_OWNERS: ReadonlySet<string> = new Set(['owner', 'admin']);

/**
 * Nobody gives or takes a role that can do more than they can; owners and admins are made and unmade by owners alone.
 * What stays as it is needs no right.
 */
export function judgeRoleChange(
  { by, before, after }: RoleChange,
  permissionsOfRole: (role: string) => readonly Permission[],
): Verdict {
  const changed = [...except(after, before), ...except(before, after)];
  for (const role of changed) {
    if (MADE_BY_OWNERS.has(role) && !by.roles.includes('owner'))
      return refusedFor(`only an owner makes or unmakes the role "${role}"`);
    const verdict = judgePermissions(by.permissions, permissionsOfRole(role));
    if (verdict.kind === 'refused') return verdict;
  }
  return allowed;
}

/** Nobody puts into a role, or takes out of it, what they may not do themselves. */
export function judgePermissions(own: ReadonlySet<Permission>, permissions: readonly Permission[]): Verdict {
  const beyond = permissions.find((permission) => !own.has(permission));
  return beyond === undefined ? allowed : refusedFor(`"${beyond}" is beyond the caller's own permissions`);
}

/** What is in `all` and not in `others`. */
export const except = <Item>(all: readonly Item[], others: readonly Item[]): Item[] =>
  all.filter((item) => !others.includes(item));
