import type { Entitlements, Feature } from '@inevitable/contract';

const PER_MINUTE = 'gateway.units-per-minute';
const PER_HOUR = 'gateway.units-per-hour';
const PER_DAY = 'gateway.units-per-day';

/** The units a tenant may use. */
export interface TenantUnits {
  readonly perMinute: number;
  readonly perHour: number;
  readonly perDay: number;
}

/** What is counted on where a tenant's own numbers cannot be had, too. */
export const FREE_UNITS: TenantUnits = Object.freeze({ perMinute: 100, perHour: 2_000, perDay: 10_000 });

const byPlan = (free: number, pro: number, enterprise: number): Readonly<Record<string, Feature>> => ({
  free: { kind: 'static', value: free },
  pro: { kind: 'static', value: pro },
  enterprise: { kind: 'static', value: enterprise },
});

/** What each plan includes of the gateway, by feature: core-identity is told, and a tenant's own is an override there. */
export const RATE_FEATURES: Readonly<Record<string, Readonly<Record<string, Feature>>>> = {
  [PER_MINUTE]: byPlan(FREE_UNITS.perMinute, 1_000, 10_000),
  [PER_HOUR]: byPlan(FREE_UNITS.perHour, 20_000, 300_000),
  [PER_DAY]: byPlan(FREE_UNITS.perDay, 200_000, 3_000_000),
};

/** `unusable` is called with each feature that is missing, or is no whole number from 1. */
export function unitsIn({ features }: Entitlements, unusable: (feature: string) => void): TenantUnits {
  const read = (name: string, otherwise: number): number => {
    const feature = Object.hasOwn(features, name) ? features[name] : undefined;
    if (feature?.kind === 'static' && Number.isSafeInteger(feature.value) && (feature.value as number) >= 1)
      return feature.value as number;
    unusable(name);
    return otherwise;
  };
  return {
    perMinute: read(PER_MINUTE, FREE_UNITS.perMinute),
    perHour: read(PER_HOUR, FREE_UNITS.perHour),
    perDay: read(PER_DAY, FREE_UNITS.perDay),
  };
}
