import { httpSubgraph, protectionKey, startGateway } from '@inevitable/gateway';
import type { Logger } from 'pino';
import type { Closers } from '../parts/closers.js';
import { DEFAULT_GATEWAY_PORT } from '../parts/gateway-options.js';
import { gatewayObservation, measureGateway } from '../parts/gateway-observation.js';
import { openObservation } from '../parts/observation.js';
import type { Progress } from '../parts/progress.js';
import { openRateLimits } from '../parts/rate-limits.js';
import { openSupergraphFile } from '../parts/supergraph-file.js';
import { BadSetting, type Settings } from '../settings/settings.js';

/**
 * A gateway in front of any subgraphs, for audits and comparisons: nobody is asked who they are, and no subgraph is
 * told. Needs nothing but the file. Throws `BadSetting` where customers could reach it.
 */
export async function runOpenGateway(
  file: string,
  settings: Settings,
  progress: Progress,
  log: Logger,
  closers: Closers,
): Promise<void> {
  if (settings.deployment === 'customer') {
    throw new BadSetting(
      '--auth off is refused where DEPLOYMENT_CONTEXT is "customer": everybody could ask everything. Leave it out, or set DEPLOYMENT_CONTEXT=internal.',
    );
  }
  const registry = await openSupergraphFile(file, log);
  log.warn({ supergraph: file }, 'Authentication is off: whoever reaches this gateway may ask everything.');
  // Everybody who audits or compares comes from one address.
  const { rateLimits = 'off', redisUrl } = settings;
  const observation = await openObservation('gateway', settings, closers, log);
  const gateway = await startGateway({
    host: settings.host,
    port: settings.port ?? DEFAULT_GATEWAY_PORT,
    deployment: settings.deployment,
    identity: null,
    registry,
    subgraphs: new Map(),
    openSubgraph: ({ name, url }, contextTokens) => httpSubgraph({ name, routingUrl: url, contextTokens }),
    products: [],
    introspection: settings.introspection,
    trustedDocuments: settings.trustedDocuments,
    rateLimits: await openRateLimits({ rateLimits, redisUrl }, protectionKey.parse({}), closers, log),
    connections: null,
    stopDelayMs: settings.stopDelayMs,
    ...(observation.traces && { samplesTrace: observation.traces.samples }),
    extensions: gatewayObservation(settings, observation, log),
    securityEvent: observation.securityEvent,
    logger: log,
  });
  closers.add('gateway', () => gateway.close());
  measureGateway(gateway, observation);
  progress.line(`gateway is ready, without authentication: ${gateway.url}/graphql`);
}
