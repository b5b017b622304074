import { memoryCounters, protectionKey, type GatewayOptions } from '@inevitable/gateway';

/** As it is where supergraph.yaml and the settings say nothing of it, but that everything is counted and nobody refused. */
export function deployedProtection(): Partial<GatewayOptions> {
  const { rate_limits: settings } = protectionKey.parse({ rate_limits: { anonymous_per_minute: 1e9 } });
  return { limitedRates: { mode: 'enforce', settings, counters: memoryCounters() } };
}

/** All of it off that can be: what protection costs is measured beside it. */
export const noProtection = (): Partial<GatewayOptions> => ({
  limitedRates: undefined,
  concurrency: null,
  shedding: null,
});
