import { parseInput, requirePermission, requirePlatformAdmin, requireTenant } from '@inevitable/kit';
import { originOf } from '../../audit/origin.js';
import { requireSelf } from '../../flows/accounts/require-self.js';
import type { FlowDeps } from '../../flows/flow-deps.js';
import { deleteAccount, deleteAccountInput } from '../../flows/accounts/delete-account.js';
import { exportAccount, exportAccountInput } from '../../flows/exports/export-account.js';
import { exportTenant, exportTenantInput } from '../../flows/exports/export-tenant.js';
import { findExport, type DataExport } from '../../flows/exports/find-export.js';
import { idText } from '../../flows/id-text.js';
import { deleteOwnTenant, deleteTenantInput } from '../../flows/tenants/delete-tenant.js';
import { findDeletion } from '../../flows/tenants/find-deletion.js';
import { keepTenant, keepTenantInput } from '../../flows/tenants/keep-tenant.js';
import type { Tenant } from '../../generated/prisma/client.js';
import type { IdentityContext } from '../identity-context.js';
import { asAdministrator } from './as-administrator.js';
import type { WithInput } from './with-input.js';

/** What tenants and people take along when they go, and what becomes of the rest. */
export const tenantDataResolvers = (flows: FlowDeps) => {
  const shown = ({ id, ...archive }: DataExport) => ({
    ...archive,
    orderId: id,
    state: archive.state.toUpperCase(),
    url: archive.state === 'ready' ? `${flows.publicUrl}/auth/exports/${id}` : null,
  });
  return {
    Query: {
      async tenantDeletion(_root: unknown, { tenant }: { tenant: string }, context: IdentityContext) {
        requirePlatformAdmin(context);
        const deletion = await findDeletion(flows.db.rows, idText.parse(tenant));
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
