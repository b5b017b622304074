import { openProductDatabase, serveHealth, startWorker, type WorkedProduct } from '@inevitable/kit/host';
import type { Logger } from 'pino';
import type { Closers } from '../parts/closers.js';
import { openEventBus } from '../parts/event-bus.js';
import { identityPeer } from '../parts/identity-peer.js';
import { loadProducts } from '../parts/products.js';
import { openPlaces } from '../parts/open-places.js';
import type { Progress } from '../parts/progress.js';
import type { Settings } from '../settings/settings.js';

const JOB_GRACE_MS = 8_000;

/** Relays outboxes and runs jobs, of every product or of one. Serves health only where PORT is set: many may run on one machine. */
export async function runWorker(
  product: string | undefined,
  settings: Settings,
  progress: Progress,
  log: Logger,
  closers: Closers,
): Promise<void> {
  const { config, databases } = await openPlaces(settings, progress.line, closers);
  const events = await openEventBus(settings, closers, log);
  const products = await loadProducts(settings, config, product);
  const identity = await identityPeer(settings, 'worker');
  const worked: WorkedProduct[] = [];
  for (const declaration of products) {
    if (!declaration.database) continue;
    const urls = await databases.prepare(declaration.database);
    const database = await openProductDatabase(declaration.database, urls.appUrl);
    closers.add(`database of ${declaration.name}`, () => database.close());
    worked.push({ declaration, database, systemUrl: urls.systemUrl });
  }
  const { runnerUrl } = await databases.prepareJobStore();
  const worker = await startWorker({
    products: worked,
    jobStoreUrl: runnerUrl,
    tenants: identity.tenants,
    deployment: settings.deployment,
    events: events.bus,
    log,
  });
  closers.add('worker', () => worker.stop(JOB_GRACE_MS));
  if (settings.port !== undefined) {
    const served = await serveHealth(
      { host: settings.host, port: settings.port },
      { worker: worker.health, ...events.checks },
    );
    closers.add('health', () => served.close());
    progress.line(`health: ${served.url}/ready`);
  }
  progress.line(`worker is ready: ${worked.map(({ declaration }) => declaration.name).join(', ')}`);
}
