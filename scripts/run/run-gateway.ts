import { countTraffic, recordUsage, startGateway, type GatewayOptions } from '@inevitable/gateway';
import type { Logger } from 'pino';
import type { Closers } from '../parts/closers.js';
import { consoleOf } from '../parts/console.js';
import { openDataDirectory } from '../parts/data-directory.js';
import { gatewayObservation, measureGateway } from '../parts/gateway-observation.js';
import { gatewayOptions } from '../parts/gateway-options.js';
import { identityPeer } from '../parts/identity-peer.js';
import { openObservation } from '../parts/observation.js';
import { openRemoteSubgraph } from '../parts/open-remote-subgraph.js';
import { operationsPeer } from '../parts/operations-peer.js';
import type { Progress } from '../parts/progress.js';
import { openRateLimits } from '../parts/rate-limits.js';
import { registryToFollow } from '../parts/registry-to-follow.js';
import { openSupergraphFile } from '../parts/supergraph-file.js';
import { readSupergraphConfig, registryFromFiles } from '../parts/supergraph.js';
import { hasReason, tellReadiness } from '../parts/tell-readiness.js';
import type { Settings } from '../settings/settings.js';

/**
 * The gateway as a process of its own: no database, identity, operations and every subgraph behind HTTP. What it serves was
 * published, or is composed from supergraph.yaml, or is in `file`; the products' routes, and how a subgraph is reached, are
 * supergraph.yaml's either way.
 */
export async function runGateway(
  file: string | undefined,
  settings: Settings,
  progress: Progress,
  log: Logger,
  closers: Closers,
): Promise<void> {
  const observation = await openObservation('gateway', settings, closers, log);
  const { securityEvent } = observation;
  await openDataDirectory(settings.dataDir);
  const config = await readSupergraphConfig(settings.supergraphConfig);
  const rateLimits = await openRateLimits(settings, config.protection, closers, log);
  const identity = await identityPeer(settings, 'gateway');
  const operations = file === undefined ? await operationsPeer(settings, 'gateway') : null;
  const followed =
    operations &&
    registryToFollow(
      settings,
      registryFromFiles(settings, config),
      settings.supergraphSource === 'registry' ? operations.registry : null,
      log,
    );
  const recorder = operations && recordUsage(operations.usage, { log, sample: settings.usageSample });
  const traffic = operations && countTraffic(operations.traffic, log);
  // Both after the gateway: nothing more is counted then.
  if (recorder) closers.add('usage recorder', () => recorder.close());
  if (traffic) closers.add('traffic counter', () => traffic.close());
  const parts: GatewayOptions = {
    ...gatewayOptions(settings, config),
    rateLimits,
    identity,
    registry: followed ?? (await openSupergraphFile(file!, log)),
    subgraphs: new Map(),
    openSubgraph: openRemoteSubgraph(settings, config),
    // A product is deployed before its schema is published, and gone after it.
    productsMayComeLater: followed !== null && settings.supergraphSource === 'registry',
    ...(observation.traces && { samplesTrace: observation.traces.samples }),
    extensions: [
      ...gatewayObservation(settings, observation, log),
      ...[traffic, recorder].filter((one) => one !== null),
    ],
    ...(followed && { checks: followed.checks }),
    console: consoleOf(settings),
    securityEvent,
    logger: log,
  };
  const gateway = await progress.step('loading the supergraph', () => startGateway(parts));
  closers.add('gateway', () => gateway.close());
  measureGateway(gateway, observation);
  if (followed) progress.line(await followed.servesInWords());
  progress.line(`gateway listens: ${gateway.url}/graphql`);
  tellReadiness(
    [
      { health: gateway.readiness, words: 'gateway waits for', done: `gateway is ready: ${gateway.url}/graphql` },
      {
        health: gateway.health,
        isWaitedFor: hasReason,
        words: 'gateway serves without',
        doneAtLast: 'gateway has all that it serves',
      },
    ],
    progress.line,
    closers,
  );
}
