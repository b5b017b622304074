import { checkHealth } from '@inevitable/contract';
import { readinessMetrics, serveHealth, type WorkedProduct } from '@inevitable/kit/host';
import type { SubgraphDeclaration } from '@inevitable/kit';
import type { Logger } from 'pino';
import type { Closers } from '../parts/closers.js';
import { openEventBus } from '../parts/event-bus.js';
import { openFileStore } from '../parts/file-store.js';
import { identityPeer } from '../parts/identity-peer.js';
import { openObservation } from '../parts/observation.js';
import { loadProducts, ProductUnknown } from '../parts/products.js';
import { openPlaces } from '../parts/open-places.js';
import { openProductRows } from '../parts/open-product-rows.js';
import type { Progress } from '../parts/progress.js';
import { startWorkerPart } from '../parts/worker.js';
import { tellReadiness } from '../parts/tell-readiness.js';
import type { Settings } from '../settings/settings.js';

/** Which jobs: of every product, or of one, or of one of its queues. */
export interface WorkerChoice {
  readonly product?: string | undefined;
  readonly queue?: string | undefined;
}

/** Relays outboxes and runs jobs. Serves its health only where PORT is set: many may run on one machine. */
export async function runWorker(
  { product, queue }: WorkerChoice,
  settings: Settings,
  progress: Progress,
  log: Logger,
  closers: Closers,
): Promise<void> {
  const { registry } = await openObservation('worker', settings, closers, log);
  const { config, databases } = await openPlaces(settings, progress.line, closers);
  const events = await openEventBus(settings, closers, log);
  const products = await loadProducts(settings, config, product);
  assertQueue(products, queue);
  const { files, checks: filesChecks } = await openFileStore(settings, closers);
  const identity = await identityPeer(settings, 'worker');
  const worked: WorkedProduct[] = [];
  for (const declaration of products) {
    const { database, systemUrl } = await openProductRows(declaration, databases);
    if (database) closers.add(`database of ${declaration.name}`, () => database.close());
    worked.push({ declaration, database, systemUrl, deployment: settings.deploymentOf(declaration.name) });
  }
  const { runnerUrl, keptIn } = await databases.prepareJobStore();
  progress.line(`jobs are kept in ${keptIn}`);
  const worker = await startWorkerPart(
    settings,
    { products: worked, runnerUrl, identity, events: events.bus, registry, files, queue },
    progress.line,
    closers,
    log,
  );
  const checks = { worker: worker.health, ...filesChecks, ...events.checks };
  if (registry) readinessMetrics(registry, () => checkHealth(checks));
  if (settings.port !== undefined) {
    const served = await serveHealth({ host: settings.host, port: settings.port }, checks);
    closers.add('health', () => served.close());
    progress.line(`health: ${served.url}/ready`);
  }
  const done = `worker is ready: ${worked.map(({ declaration }) => declaration.name).join(', ')}`;
  tellReadiness([{ health: () => checkHealth(checks), words: 'worker waits for', done }], progress.line, closers);
}

/** Throws `ProductUnknown` where no job is in that queue: the worker would wait for ever. */
function assertQueue(products: readonly SubgraphDeclaration[], queue: string | undefined): void {
  const queues = new Set(products.flatMap(({ jobs = [] }) => jobs.map((job) => job.queue ?? 'default')));
  if (queue !== undefined && !queues.has(queue))
    throw new ProductUnknown(`No job is in the queue "${queue}". Queues: ${[...queues].sort().join(', ') || 'none'}.`);
}
