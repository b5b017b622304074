import { createRequire } from 'node:module';
import {
  countTraffic,
  memoryCounters,
  protectionKey,
  requestLog,
  requestMetrics,
  type GatewayExtension,
  type GatewayOptions,
} from '@inevitable/gateway';
import { lineWriter } from '@inevitable/stack/line-writer';
import type { pino as Pino } from 'pino';
import { Registry } from 'prom-client';

/** The gateway's own copy, which writes the lines of requests: the benchmark has another one. */
const { pino } = createRequire(import.meta.resolve('@inevitable/gateway'))('pino') as { readonly pino: typeof Pino };

/**
 * As it is where supergraph.yaml and the settings say nothing of it, but that everything is counted, and that nobody is
 * refused or waits: the one tenant of a table stands for as many as there are, and the deep operation is worth 24,000.
 */
export function asDeployed(): Partial<GatewayOptions> {
  const {
    limits,
    concurrency,
    rate_limits: settings,
  } = protectionKey.parse({
    limits: { max_cost: 100_000 },
    concurrency: { per_tenant: 128, waiting: 16_384, waiting_per_tenant: 16_384 },
    rate_limits: { anonymous_per_minute: 1e9 },
  });
  return {
    limits,
    concurrency,
    rateLimits: { mode: 'enforce', settings, counters: memoryCounters() },
    extensions: observation(),
  };
}

/** A line for each request, many of them written with one call; metrics; and the traffic that operations is told of. */
function observation(): GatewayExtension[] {
  const log = pino({ level: 'info' }, lineWriter('/dev/null'));
  return [requestLog(log, 'all'), requestMetrics(new Registry()), countTraffic({ record: async () => undefined }, log)];
}

/** All of it off that can be: what protection and observation cost is measured beside it. */
export const bare = (): Partial<GatewayOptions> => ({
  rateLimits: undefined,
  concurrency: null,
  shedding: null,
  subscriptions: null,
  extensions: [],
});
