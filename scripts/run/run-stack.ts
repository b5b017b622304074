import { checkHealth, notReady, type HealthReport, type SubgraphHandle } from '@inevitable/contract';
import { startGateway, type RunningGateway } from '@inevitable/gateway';
import {
  declaredEvents,
  hostSubgraph,
  openJobDesk,
  openProductDatabase,
  type WorkedProduct,
  type Worker,
} from '@inevitable/kit/host';
import { identityDatabase } from '@inevitable/identity';
import { operationsEvents, operationsSubgraph } from '@inevitable/operations';
import type { Logger } from 'pino';
import type { Closers } from '../parts/closers.js';
import { openEventBus } from '../parts/event-bus.js';
import { openFileStore } from '../parts/file-store.js';
import { openIdentityParts, seedDemo } from '../parts/identity.js';
import { loadProducts } from '../parts/products.js';
import { openPlaces } from '../parts/open-places.js';
import { openOperationsParts } from '../parts/operations.js';
import { startWorkerPart } from '../parts/worker.js';
import type { Progress } from '../parts/progress.js';
import { registryFromFiles } from '../parts/supergraph.js';
import type { Settings } from '../settings/settings.js';
import { welcome } from './welcome.js';

const DEFAULT_PORT = 8080;

/** Everything in one process: what `npm start` does. The same parts as apart, joined by objects in place of HTTP. */
export async function runStack(settings: Settings, progress: Progress, log: Logger, closers: Closers): Promise<void> {
  const port = settings.port ?? DEFAULT_PORT;
  const { config, databases } = await openPlaces(settings, progress.line, closers);
  const events = await openEventBus(settings, closers, log);
  const products = await loadProducts(settings, config);
  const fileStore = await openFileStore(settings, closers);
  const registry = registryFromFiles(settings, config);
  await progress.step('composing the supergraph', () => registry.current());

  const { identity, database: identityUrls } = await progress.step('starting the database and core-identity', () =>
    openIdentityParts(
      settings,
      databases,
      products,
      settings.publicUrl ?? `http://${settings.host}:${port}`,
      closers,
      log,
    ),
  );
  const demo = settings.development
    ? await progress.step('seeding the demo', () => seedDemo(settings, identity))
    : null;

  const jobStore = await databases.prepareJobStore();
  const jobs = openJobDesk(jobStore.readerUrl, log);
  closers.add('job store reader', () => jobs.close());

  const hosted = new Map<string, SubgraphHandle>();
  const worked: WorkedProduct[] = [];
  for (const declaration of [identity.subgraph, ...products]) {
    const isIdentity = declaration === identity.subgraph;
    const urls = isIdentity ? identityUrls : declaration.database && (await databases.prepare(declaration.database));
    const database = urls
      ? await openProductDatabase(isIdentity ? identityDatabase : declaration.database!, urls.appUrl)
      : null;
    if (database) closers.add(`database of ${declaration.name}`, () => database.close());
    const deployment = settings.deploymentOf(declaration.name);
    hosted.set(
      declaration.name,
      hostSubgraph(declaration, {
        database,
        entitlements: identity.ports.entitlements,
        events: events.bus,
        files: fileStore.files,
        publicUrl: () => identity.issuer,
        deployment,
        log,
      }),
    );
    worked.push({ declaration, database, systemUrl: urls?.systemUrl ?? null, deployment });
  }

  // Operations' own jobs ask both of them, and may be run before the second is started.
  let worker: Worker | null = null;
  let gateway: RunningGateway | null = null;
  const health = async (): Promise<HealthReport> =>
    checkHealth({
      ...Object.fromEntries([...hosted].map(([name, handle]) => [name, () => handle.health()])),
      'job store': () => jobs.health(),
      worker: async () => worker?.health() ?? notReady('worker', 'it is starting'),
      ...fileStore.checks,
      ...events.checks,
      gateway: async () => {
        if (!gateway) return notReady('gateway', 'it is starting');
        const report = await gateway.health();
        const waiting = report.parts.filter((part) => !part.ready).map((part) => `${part.name}: ${part.reason}`);
        return { name: 'gateway', ready: waiting.length === 0, reason: waiting.join('; ') || null };
      },
    });
  const operations = await openOperationsParts(settings, databases, jobStore, events.bus, closers, log);
  const operationsDeclared = operationsSubgraph({
    health,
    desk: jobs,
    jobs: [identity.subgraph, ...products].flatMap((product) => product.jobs ?? []),
    events: declaredEvents([identity.subgraph, ...products, { name: 'operations', events: operationsEvents }]),
    upkeep: operations.upkeep,
  });
  hosted.set(
    'operations',
    hostSubgraph(operationsDeclared, {
      database: operations.database,
      entitlements: identity.ports.entitlements,
      events: events.bus,
      log,
    }),
  );
  worked.push({ declaration: operationsDeclared, database: operations.database, systemUrl: operations.systemUrl });

  worker = await progress.step('starting the worker', () =>
    startWorkerPart(
      settings,
      {
        products: worked,
        runnerUrl: jobStore.runnerUrl,
        identity: identity.ports,
        events: events.bus,
        files: fileStore.files,
      },
      progress.line,
      closers,
      log,
    ),
  );

  gateway = await progress.step('starting the gateway', () =>
    startGateway({
      host: settings.host,
      port,
      deployment: settings.deployment,
      slowConsumer: settings.slowConsumer,
      identity: identity.ports,
      registry,
      subgraphs: hosted,
      products: config.products.values(),
      checks: {
        'core-identity': async () => ({ ...(await identity.health()), name: 'core-identity' }),
        'job store': () => jobs.health(),
        worker: () => worker!.health(),
        ...fileStore.checks,
        ...events.checks,
      },
      logger: log,
    }),
  );
  closers.add('gateway', () => gateway!.close());
  await gateway.whenReady();
  welcome(progress, gateway.url, demo);
}
