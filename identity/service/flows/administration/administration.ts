import type { TenantId, UserId } from '@inevitable/contract';
import { parseInput } from '@inevitable/kit';
import { OPERATOR } from '../../audit/origin.js';
import type { FlowDeps } from '../flow-deps.js';
import { createMember, type MemberToCreate } from './create-member.js';
import { createOperatedTenant, type TenantToCreate } from './create-operated-tenant.js';
import { disableUser, disableUserInput, enableUser, type UserStatusSet } from './disable-user.js';
import { findTenantNamed, findUserNamed } from './find-named.js';
import { inviteAdministrator, type AdministratorInvited, type AdministratorToInvite } from './invite-administrator.js';
import { listTenants, type TenantListed } from './list-tenants.js';
import { listUsers, type UserListed } from './list-users.js';
import { renameTenant } from './rename-tenant.js';
import { reactivateTenant, suspendTenant, suspendTenantInput, type TenantStatusSet } from './set-tenant-status.js';

/**
 * What whoever operates the stack does at the machine, with the stack's own secrets (`stack tenant`, `stack user`). The audit
 * says so. Tenants are named by slug or id, people by e-mail address, user name or id. Each throws `NotFound` for an unknown
 * one and `BadUserInput` for what is malformed.
 */
export interface IdentityAdministration {
  /** In the order of slugs, at most 500; `after`: the last slug of the page before. */
  listTenants(after: string | null): Promise<readonly TenantListed[]>;
  /** Throws `Conflict` for a taken slug. */
  createTenant(tenant: TenantToCreate): Promise<TenantId>;
  renameTenant(tenant: string, name: string): Promise<void>;
  suspendTenant(tenant: string, reason: string): Promise<TenantStatusSet>;
  reactivateTenant(tenant: string): Promise<TenantStatusSet>;
  /** In the order of addresses, at most 500; `after`: the last address of the page before. */
  listUsers(after: string | null): Promise<readonly UserListed[]>;
  /** Throws `Conflict` for a taken address or user name. */
  createUser(member: MemberToCreate): Promise<UserId>;
  /** A link for 24 hours, good once, that makes its address a platform administrator. */
  inviteAdministrator(administrator: AdministratorToInvite): Promise<AdministratorInvited>;
  disableUser(user: string, reason: string): Promise<UserStatusSet>;
  enableUser(user: string): Promise<UserStatusSet>;
}

export const administration = (deps: FlowDeps): IdentityAdministration => ({
  listTenants: (after) => listTenants(deps.db, after),
  createTenant: (tenant) => createOperatedTenant(tenant, OPERATOR, deps),
  async renameTenant(tenant, name) {
    await renameTenant({ tenant, name }, OPERATOR, deps);
  },
  suspendTenant: async (tenant, reason) =>
    suspendTenant(
      parseInput(suspendTenantInput, { id: await findTenantNamed(deps.db.rows, tenant), reason }, 'suspend'),
      OPERATOR,
      deps,
    ),
  reactivateTenant: async (tenant) =>
    reactivateTenant({ id: await findTenantNamed(deps.db.rows, tenant) }, OPERATOR, deps),
  listUsers: (after) => listUsers(deps.db, after),
  createUser: (member) => createMember(member, OPERATOR, deps),
  inviteAdministrator: (administrator) => inviteAdministrator(administrator, OPERATOR, deps),
  disableUser: async (user, reason) =>
    disableUser(
      parseInput(disableUserInput, { id: await findUserNamed(deps.db.rows, user), reason }, 'disable'),
      OPERATOR,
      deps,
    ),
  enableUser: async (user) => enableUser({ id: await findUserNamed(deps.db.rows, user) }, OPERATOR, deps),
});
