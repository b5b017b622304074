import { memoryCounters, protectionKey, type GatewayOptions } from '@inevitable/gateway';

/**
 * As it is where supergraph.yaml and the settings say nothing of it, but that everything is counted and nobody is refused or
 * waits: the one tenant of a table stands for as many as there are.
 */
export function deployedProtection(): Partial<GatewayOptions> {
  const { concurrency, rate_limits: settings } = protectionKey.parse({
    concurrency: { per_tenant: 128, waiting: 16_384, waiting_per_tenant: 16_384 },
    rate_limits: { anonymous_per_minute: 1e9 },
  });
  return { concurrency, limitedRates: { mode: 'enforce', settings, counters: memoryCounters() } };
}

/** All of it off that can be: what protection costs is measured beside it. */
export const noProtection = (): Partial<GatewayOptions> => ({
  limitedRates: undefined,
  concurrency: null,
  shedding: null,
});
