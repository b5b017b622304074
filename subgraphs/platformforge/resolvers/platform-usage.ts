import { BadUserInput, requirePermission, requireTenant } from '@inevitable/kit';
import { hoursBack } from '../domain/upkeep/measure-usage.js';
import type { PlatformUsageHourResolvers, TenantResolvers } from '../generated/resolvers.js';

const DEFAULT_HOURS = 24;
/** 90 days. */
const MOST_HOURS = 2_160;

export const platformUsage: NonNullable<TenantResolvers['platformUsage']> = (tenant, { hours }, context) => {
  requirePermission(context, 'platformforge:platforms:read');
  const asked = hours ?? DEFAULT_HOURS;
  if (asked < 1 || asked > MOST_HOURS) throw new BadUserInput(`hours is a number from 1 to ${MOST_HOURS}.`, 'hours');
  // The handle reaches the caller's tenant only: any other tenant object has nothing to show.
  return tenant.id === requireTenant(context).id ? hoursBack(context.db, asked) : null;
};

export const platformUsageHourFields: PlatformUsageHourResolvers = {
  durationMs: ({ durationMs }) => Number(durationMs),
  storedBytes: ({ storedBytes }) => Number(storedBytes),
};
