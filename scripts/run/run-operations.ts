import { checkHealth, notReady } from '@inevitable/contract';
import { declaredEvents, hostSubgraph, inProcessBus, openJobDesk, type Worker } from '@inevitable/kit/host';
import { operationsEvents, operationsInternalApi, operationsSubgraph } from '@inevitable/operations';
import type { Logger } from 'pino';
import type { Closers } from '../parts/closers.js';
import { openSharedEventBus } from '../parts/event-bus.js';
import { openFileStore } from '../parts/file-store.js';
import { identityPeer } from '../parts/identity-peer.js';
import { openObservation } from '../parts/observation.js';
import { loadProducts } from '../parts/products.js';
import { probePeer } from '../parts/probe-peer.js';
import { openPlaces } from '../parts/open-places.js';
import { openOperationsParts } from '../parts/operations.js';
import type { Progress } from '../parts/progress.js';
import { serveApart } from '../parts/serve-apart.js';
import { originOf } from '../parts/subgraph-origin.js';
import { startWorkerPart } from '../parts/worker.js';
import type { Settings } from '../settings/settings.js';

const DEFAULT_PORT = 3400;
const DEFAULT_GATEWAY_URL = 'http://127.0.0.1:8080';
const OWN_WORKER = 'worker of operations';

/**
 * The operator's subgraph as a process of its own, with a worker for its own jobs: nobody else opens its database. It asks
 * the other processes how they are.
 */
export async function runOperations(
  settings: Settings,
  progress: Progress,
  log: Logger,
  closers: Closers,
): Promise<void> {
  const { registry, securityEvent, products: observer } = await openObservation('operations', settings, closers, log);
  const { config, databases } = await openPlaces(settings, progress.line, closers);
  const products = await loadProducts(settings, config);
  const fileStore = await openFileStore(settings, closers);
  const events = await openSharedEventBus(settings, closers, log);
  const identity = await identityPeer(settings, 'operations');
  const jobStore = await progress.step('opening the job store', () => databases.prepareJobStore());
  progress.line(`jobs are kept in ${jobStore.keptIn}`);
  const jobs = await openJobDesk(jobStore.readerUrl, log);
  closers.add('job store reader', () => jobs.close());

  const bus = events?.bus ?? inProcessBus((error) => log.error({ err: error }, 'an event listener failed'));
  const { database, systemUrl, schemas, usage, traffic, upkeep } = await progress.step('preparing the database', () =>
    openOperationsParts(settings, databases, jobStore, bus, closers, log),
  );

  let worker: Worker | null = null;
  const gatewayUrl = settings.publicUrl ?? DEFAULT_GATEWAY_URL;
  const peers = [...config.subgraphs.values()].filter(({ name }) => name !== 'operations');
  const declaration = operationsSubgraph({
    desk: jobs,
    jobs: products.flatMap((product) => product.jobs ?? []),
    events: declaredEvents([...products, { name: 'operations', events: operationsEvents }]),
    upkeep,
    subgraphs: [...config.subgraphs.keys()],
    health: () =>
      checkHealth({
        ...Object.fromEntries(
          peers.map(({ name, routingUrl }) => [name, () => probePeer(name, originOf(settings, name, routingUrl))]),
        ),
        operations: () => subgraph.health(),
        'job store': () => jobs.health(),
        // The products' workers are other processes, and have no address.
        [OWN_WORKER]: async () =>
          worker ? { ...(await worker.health()), name: OWN_WORKER } : notReady(OWN_WORKER, 'it is starting'),
        ...events?.checks,
        gateway: () => probePeer('gateway', gatewayUrl),
      }),
  });
  const subgraph = hostSubgraph(declaration, {
    database,
    entitlements: identity.entitlements,
    events: events?.bus ?? null,
    securityEvent,
    observer,
    log,
  });
  worker = await progress.step('starting the worker', () =>
    startWorkerPart(
      settings,
      {
        products: [{ declaration, database, systemUrl }],
        runnerUrl: jobStore.runnerUrl,
        identity,
        events: bus,
        files: fileStore.files,
        registry,
      },
      progress.line,
      closers,
      log,
    ),
  );
  const internal = operationsInternalApi({ registry: schemas, usage, traffic }, identity.services, log);
  await serveApart(
    {
      name: 'operations',
      subgraph,
      registry,
      defaultPort: DEFAULT_PORT,
      jwksOrigin: settings.identityUrl,
      checks: {
        'job store': () => jobs.health(),
        worker: () => worker!.health(),
        ...fileStore.checks,
        ...events?.checks,
      },
      internal,
    },
    settings,
    progress.line,
    closers,
    log,
  );
}
