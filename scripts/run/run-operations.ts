import { checkHealth } from '@inevitable/contract';
import { declaredEvents, hostSubgraph, openJobDesk } from '@inevitable/kit/host';
import { operationsSubgraph } from '@inevitable/operations';
import type { Logger } from 'pino';
import type { Closers } from '../parts/closers.js';
import { openSharedEventBus } from '../parts/event-bus.js';
import { identityPeer } from '../parts/identity-peer.js';
import { loadProducts } from '../parts/products.js';
import { probePeer } from '../parts/probe-peer.js';
import { openPlaces } from '../parts/open-places.js';
import type { Progress } from '../parts/progress.js';
import { serveApart } from '../parts/serve-apart.js';
import { originOf } from '../parts/subgraph-origin.js';
import type { Settings } from '../settings/settings.js';

const DEFAULT_PORT = 3400;
const DEFAULT_GATEWAY_URL = 'http://127.0.0.1:8080';

/** The operator's subgraph as a process of its own; it asks the other processes how they are. */
export async function runOperations(
  settings: Settings,
  progress: Progress,
  log: Logger,
  closers: Closers,
): Promise<void> {
  const { config, databases } = await openPlaces(settings, progress.line, closers);
  const products = await loadProducts(settings, config);
  const events = await openSharedEventBus(settings, closers, log);
  const identity = await identityPeer(settings, 'operations');
  const { readerUrl } = await progress.step('opening the job store', () => databases.prepareJobStore());
  const jobs = openJobDesk(readerUrl);
  closers.add('job store reader', () => jobs.close());

  const gatewayUrl = settings.publicUrl ?? DEFAULT_GATEWAY_URL;
  const peers = [...config.subgraphs.values()].filter(({ name }) => name !== 'operations');
  const declaration = operationsSubgraph({
    jobs: () => jobs.overview(),
    events: declaredEvents(products),
    health: () =>
      checkHealth({
        ...Object.fromEntries(
          peers.map(({ name, routingUrl }) => [name, () => probePeer(name, originOf(settings, name, routingUrl))]),
        ),
        'job store': () => jobs.health(),
        ...events?.checks,
        gateway: () => probePeer('gateway', gatewayUrl),
      }),
  });
  const subgraph = hostSubgraph(declaration, {
    database: null,
    entitlements: identity.entitlements,
    events: events?.bus ?? null,
    log,
  });
  const url = await serveApart(
    settings,
    {
      subgraph,
      defaultPort: DEFAULT_PORT,
      jwksOrigin: settings.identityUrl,
      checks: { 'job store': () => jobs.health(), ...events?.checks },
    },
    closers,
    log,
  );
  progress.line(`operations is ready: ${url}`);
}
