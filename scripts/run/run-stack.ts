import {
  checkHealth,
  notReady,
  type HealthReport,
  type SchemaRegistryPort,
  type SubgraphHandle,
} from '@inevitable/contract';
import {
  countTraffic,
  recordUsage,
  startGateway,
  type ConsoleProblem,
  type RunningGateway,
  type SupergraphConfig,
} from '@inevitable/gateway';
import {
  declaredEvents,
  hostSubgraph,
  openJobDesk,
  openProductDatabase,
  type WorkedProduct,
} from '@inevitable/kit/host';
import { identityDatabase } from '@inevitable/identity';
import { operationsEvents, operationsSubgraph } from '@inevitable/operations';
import type { DeclaredEvent, JobDefinition, SubgraphDeclaration } from '@inevitable/kit';
import type { Logger } from 'pino';
import { assertForCustomers } from '../parts/assert-for-customers.js';
import type { Closers } from '../parts/closers.js';
import { consoleOf } from '../parts/console.js';
import { openEventBus } from '../parts/event-bus.js';
import { openFileStore } from '../parts/file-store.js';
import { gatewayObservation, measureGateway } from '../parts/gateway-observation.js';
import { DEFAULT_GATEWAY_PORT, gatewayOptions } from '../parts/gateway-options.js';
import { HostedProducts, type HostedProduct } from '../parts/hosted-products.js';
import { declaredToIdentity, openIdentityParts, seedDemo } from '../parts/identity.js';
import { openObservation } from '../parts/observation.js';
import { loadProducts } from '../parts/products.js';
import { openPlaces } from '../parts/open-places.js';
import { openRemoteSubgraph } from '../parts/open-remote-subgraph.js';
import { openOperationsParts } from '../parts/operations.js';
import { startWorkerPart } from '../parts/worker.js';
import { Workers, type RunningWorker } from '../parts/workers.js';
import type { Progress } from '../parts/progress.js';
import { openRateLimits } from '../parts/rate-limits.js';
import { registryToFollow } from '../parts/registry-to-follow.js';
import { registryFromFiles } from '../parts/supergraph.js';
import type { Settings } from '../settings/settings.js';
import { welcome } from './welcome.js';

/** What `stack dev` does in another way. */
export interface StackVariant {
  /** Which supergraph is served, in place of what is published or was composed at the start. */
  readonly registry: SchemaRegistryPort;
  /** What the GraphiQL page shows as wrong. */
  readonly problems: () => readonly ConsoleProblem[];
}

/** What may be exchanged while it runs. All of it ends with the closers. */
export interface RunningStack {
  readonly config: SupergraphConfig;
  readonly gateway: RunningGateway;
  /** By name. What is put there answers from the next supergraph on that the gateway takes over; routes at once. */
  readonly subgraphs: Map<string, SubgraphHandle>;
  readonly products: HostedProducts;
  readonly workers: Workers;
  /** Each with a worker of its own; empty without a variant, where one worker does all. */
  readonly running: readonly RunningProduct[];
  /** Tells core-identity and operations what these products declare now. Throws what core-identity says of it. */
  readonly redeclare: (changed: readonly SubgraphDeclaration[]) => Promise<void>;
}

export interface RunningProduct {
  readonly hosted: HostedProduct;
  readonly worker: RunningWorker;
}

/** Everything in one process: what `npm start` does. The same parts as apart, joined by objects in place of HTTP. */
export async function runStack(
  settings: Settings,
  progress: Progress,
  log: Logger,
  closers: Closers,
  variant?: StackVariant,
): Promise<RunningStack> {
  const port = settings.port ?? DEFAULT_GATEWAY_PORT;
  const observation = await openObservation('stack', settings, closers, log);
  const { registry, securityEvent, products: observer } = observation;
  const { config, databases } = await openPlaces(settings, progress.line, closers);
  const events = await openEventBus(settings, closers, log);
  const rateLimits = await openRateLimits(settings, config.protection, closers, log);
  const products = await loadProducts(settings, config);
  const fileStore = await openFileStore(settings, closers);
  const isFollowing = settings.supergraphSource === 'registry';
  const files = variant?.registry ?? registryFromFiles(settings, config);
  await progress.step('composing the supergraph', async () => {
    const composing = files.current();
    // What was published is served even so; where nothing was, this is asked for once more.
    await (isFollowing ? composing.catch(() => undefined) : composing);
  });

  const { identity, database: identityUrls } = await progress.step('starting the database and core-identity', () =>
    openIdentityParts(
      settings,
      databases,
      products,
      settings.publicUrl ?? `http://${settings.host}:${port}`,
      fileStore.files,
      closers,
      log,
      securityEvent,
    ),
  );
  await assertForCustomers(settings, identity);
  const demo = settings.development
    ? await progress.step('seeding the demo', () => seedDemo(settings, identity))
    : null;

  const jobStore = await progress.step('opening the job store', () => databases.prepareJobStore());
  progress.line(`jobs are kept in ${jobStore.keptIn}`);
  const jobs = await openJobDesk(jobStore.readerUrl, log);
  closers.add('job store reader', () => jobs.close());

  const identityRows = await openProductDatabase(identityDatabase, identityUrls.appUrl);
  closers.add('database of identity', () => identityRows.close());
  const surroundings = {
    entitlements: identity.ports.entitlements,
    events: events.bus,
    files: fileStore.files,
    publicUrl: () => identity.issuer,
    securityEvent,
    observer,
    log,
  };
  const deployment = settings.deploymentOf('identity');
  const hosted = new Map<string, SubgraphHandle>([
    ['identity', hostSubgraph(identity.subgraph, { ...surroundings, database: identityRows, deployment })],
  ]);
  const productHost = new HostedProducts({
    ...surroundings,
    databases,
    deploymentOf: (name) => settings.deploymentOf(name),
  });
  closers.add("the products' databases", () => productHost.close());
  const hostedProducts: HostedProduct[] = [];
  for (const declaration of products) {
    const product = await productHost.host(declaration);
    hosted.set(declaration.name, product.handle);
    hostedProducts.push(product);
  }

  // Operations' own jobs ask both of them, and may be run before the second is started.
  const workers = new Workers((workedOn, own) =>
    startWorkerPart(
      settings,
      {
        products: workedOn,
        runnerUrl: jobStore.runnerUrl,
        identity: identity.ports,
        events: events.bus,
        registry,
        files: fileStore.files,
      },
      progress.line,
      own,
      log,
    ),
  );
  let gateway: RunningGateway | null = null;
  const health = async (): Promise<HealthReport> =>
    checkHealth({
      ...Object.fromEntries([...hosted].map(([name, handle]) => [name, () => handle.health()])),
      'job store': () => jobs.health(),
      worker: () => workers.health(),
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
  const declared = declaredToOperations([identity.subgraph, ...products]);
  const operationsDeclared = operationsSubgraph({
    health,
    subgraphs: [...config.subgraphs.keys()],
    desk: jobs,
    ...declared,
    upkeep: operations.upkeep,
  });
  hosted.set(
    'operations',
    hostSubgraph(operationsDeclared, {
      database: operations.database,
      entitlements: identity.ports.entitlements,
      events: events.bus,
      securityEvent,
      observer,
      log,
    }),
  );
  const ofTheStack: readonly WorkedProduct[] = [
    { declaration: identity.subgraph, database: identityRows, systemUrl: identityUrls.systemUrl, deployment },
    { declaration: operationsDeclared, database: operations.database, systemUrl: operations.systemUrl },
  ];
  const running: RunningProduct[] = [];
  closers.add('worker', () => workers.stop());
  await progress.step('starting the worker', async () => {
    if (!variant) return void (await workers.start([...ofTheStack, ...hostedProducts.map(({ worked }) => worked)]));
    await workers.start(ofTheStack);
    for (const product of hostedProducts)
      running.push({ hosted: product, worker: await workers.start([product.worked]) });
  });

  const followed = registryToFollow(settings, files, isFollowing ? operations.schemas : null, log);
  const recorder = recordUsage(operations.usage, { log, sample: settings.usageSample });
  const traffic = countTraffic(operations.traffic, log);
  // Both after the gateway: nothing more is counted then.
  closers.add('usage recorder', () => recorder.close());
  closers.add('traffic counter', () => traffic.close());
  const page = consoleOf(settings, variant?.problems);
  gateway = await progress.step('starting the gateway', () =>
    startGateway({
      ...gatewayOptions(settings, config),
      rateLimits,
      identity: identity.ports,
      registry: variant?.registry ?? followed,
      subgraphs: hosted,
      openSubgraph: openRemoteSubgraph(settings, config),
      ...(observation.traces && { samplesTrace: observation.traces.samples }),
      extensions: [...gatewayObservation(settings, observation, log), traffic, recorder],
      checks: {
        ...followed.checks,
        'core-identity': async () => ({ ...(await identity.health()), name: 'core-identity' }),
        'job store': () => jobs.health(),
        worker: () => workers.health(),
        ...fileStore.checks,
        ...events.checks,
      },
      console: page,
      securityEvent,
      logger: log,
    }),
  );
  closers.add('gateway', () => gateway!.close());
  measureGateway(gateway, observation);
  await gateway.whenReady();
  welcome(progress, gateway.url, await followed.servesInWords(), demo, page !== undefined);

  let known = products;
  const redeclare = async (changed: readonly SubgraphDeclaration[]): Promise<void> => {
    const next = known.map((product) => changed.find(({ name }) => name === product.name) ?? product);
    await identity.redeclare(declaredToIdentity(next));
    known = next;
    const { jobs, events } = declaredToOperations([identity.subgraph, ...next]);
    declared.jobs.splice(0, declared.jobs.length, ...jobs); // the same arrays: operations reads them with each request
    declared.events.splice(0, declared.events.length, ...events);
  };
  return { config, gateway, subgraphs: hosted, products: productHost, workers, running, redeclare };
}

/** What operations knows of the others' declarations. */
const declaredToOperations = (
  products: readonly SubgraphDeclaration[],
): { readonly jobs: JobDefinition[]; readonly events: DeclaredEvent[] } => ({
  jobs: products.flatMap(({ jobs = [] }) => [...jobs]),
  events: [...declaredEvents([...products, { name: 'operations', events: operationsEvents }])],
});
