import { requirePermission, requireTenant } from '@inevitable/kit';
import { PLATFORMS } from '../domain/quota/quota.js';
import type { TenantResolvers } from '../generated/resolvers.js';

export const platformQuota: NonNullable<TenantResolvers['platformQuota']> = async (tenant, _args, context) => {
  requirePermission(context, 'platformforge:platforms:read');
  // The ledger is asked for the caller's tenant only: any other tenant object has nothing to show.
  if (tenant.id !== requireTenant(context).id) return null;
  const usage = await context.entitlements.usage(PLATFORMS);
  return usage && { used: usage.used + usage.held, limit: usage.limit, resetsAt: new Date(usage.resetsAt) };
};
