import { Forbidden } from '@inevitable/contract';
import { parseInput, requirePermission, requireTenant } from '@inevitable/kit';
import { originOf } from '../../audit/origin.js';
import { requireSelf } from '../../flows/accounts/require-self.js';
import type { FlowDeps } from '../../flows/flow-deps.js';
import { deleteAccount, deleteAccountInput } from '../../flows/tenant-data/delete-account.js';
import {
  deleteOwnTenant,
  deleteTenantInput,
  keepTenant,
  keepTenantInput,
} from '../../flows/tenant-data/delete-tenant.js';
import { findDeletion } from '../../flows/tenant-data/find-deletion.js';
import { findExport, type DataExport } from '../../flows/tenant-data/find-export.js';
import {
  exportAccount,
  exportAccountInput,
  exportTenant,
  exportTenantInput,
} from '../../flows/tenant-data/order-export.js';
import type { Tenant } from '../../generated/prisma/client.js';
import type { IdentityContext } from '../identity-context.js';
import { asAdministrator } from './as-administrator.js';
import type { WithInput } from './with-input.js';

/** What tenants and people take along when they go, and what becomes of the rest. */
export const tenantDataResolvers = (flows: FlowDeps) => {
  const shown = (archive: DataExport) => ({
    ...archive,
    state: archive.state.toUpperCase(),
    url: archive.state === 'ready' ? `${flows.publicUrl}/auth/exports/${archive.id}` : null,
  });
  return {
    Query: {
      async tenantDeletion(_root: unknown, { tenant }: { tenant: string }, { caller }: IdentityContext) {
        if (caller.kind !== 'platformAdmin') throw new Forbidden('Only a platform administrator may do this.');
        const deletion = await findDeletion(flows.db.rows, tenant);
        return deletion && { ...deletion, state: deletion.state.toUpperCase() };
      },
    },
    Mutation: {
      async exportTenant(_root: unknown, { input }: WithInput, context: IdentityContext) {
        const self = requireSelf(context);
        requirePermission(context, 'identity:tenant:admin');
        const archive = await exportTenant(parseInput(exportTenantInput, input), self, originOf(context), flows);
        return { export: shown(archive) };
      },
      async exportAccount(_root: unknown, { input }: WithInput, context: IdentityContext) {
        const self = requireSelf(context);
        const archive = await exportAccount(parseInput(exportAccountInput, input), self, originOf(context), flows);
        return { export: shown(archive) };
      },
      deleteTenant(_root: unknown, { input }: WithInput, context: IdentityContext) {
        const self = requireSelf(context);
        requirePermission(context, 'identity:tenant:admin');
        return deleteOwnTenant(parseInput(deleteTenantInput, input), self, originOf(context), flows);
      },
      keepTenant: (_root: unknown, { input }: WithInput, context: IdentityContext) =>
        asAdministrator('identity.keep-tenant', context, flows, (origin) =>
          keepTenant(parseInput(keepTenantInput, input), origin, flows),
        ),
      deleteAccount: (_root: unknown, { input }: WithInput, context: IdentityContext) =>
        deleteAccount(parseInput(deleteAccountInput, input), requireSelf(context), originOf(context), flows),
    },
    Tenant: {
      async export({ id }: Tenant, _args: unknown, context: IdentityContext) {
        requirePermission(context, 'identity:tenant:admin');
        if (requireTenant(context).id !== id) return null;
        const archive = await findExport(flows.db.rows, { kind: 'tenant', tenantId: requireTenant(context).id });
        return archive && shown(archive);
      },
    },
    Viewer: {
      async export(_viewer: unknown, _args: unknown, context: IdentityContext) {
        const { userId } = requireSelf(context);
        const archive = await findExport(flows.db.rows, { kind: 'person', userId });
        return archive && shown(archive);
      },
    },
  };
};
