import type { Entitlements, TenantId, TenantSeen } from '@inevitable/contract';
import { LRUCache } from 'lru-cache';
import type { Logger } from 'pino';
import type { EntitlementsOf } from '../../authorization/tenant-entitlements.js';
import { FREE_UNITS, unitsIn, type TenantUnits } from './rate-features.js';

const REMEMBERED_TENANTS = 10_000;

export type UnitsOf = (tenant: TenantSeen) => TenantUnits | Promise<TenantUnits>;

/**
 * What a tenant's entitlements give it. While core-identity does not say, what it said last holds, and the free plan's
 * numbers for a tenant that was never heard of: `@policy` denies then, because an answer cannot be taken back; a count
 * that is too low or too high for some seconds can, and refusing everybody would make identity's failure the gateway's.
 */
export function unitsOfTenant(entitlementsOf: EntitlementsOf, log: Logger): UnitsOf {
  const read = new WeakMap<Entitlements, TenantUnits>();
  const last = new LRUCache<TenantId, TenantUnits>({ max: REMEMBERED_TENANTS });
  let isFailing = false;

  const unitsFrom = (entitlements: Entitlements, { id }: TenantSeen): TenantUnits => {
    let units = read.get(entitlements);
    if (!units) {
      units = unitsIn(entitlements, (feature) =>
        log.warn({ tenantId: id, feature }, "A tenant's entitlements give no usable number; the free plan's is taken."),
      );
      read.set(entitlements, units);
      last.set(id, units);
    }
    return units;
  };

  const onFailure = (error: unknown, { id }: TenantSeen): TenantUnits => {
    if (!isFailing) {
      const sentence = 'Entitlements cannot be had; rates go by what is known of each tenant, or by the free plan.';
      log.warn({ err: error }, sentence);
    }
    isFailing = true;
    return last.get(id) ?? FREE_UNITS;
  };

  return (tenant) => {
    const found = entitlementsOf(tenant);
    if (!(found instanceof Promise)) return unitsFrom(found, tenant);
    return found.then(
      (entitlements) => {
        isFailing = false;
        return unitsFrom(entitlements, tenant);
      },
      (error: unknown) => onFailure(error, tenant),
    );
  };
}
