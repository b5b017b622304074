import type { EventBus } from '@inevitable/contract';
import { identityDatabase } from '@inevitable/identity';
import { hostSubgraph, openProductDatabase } from '@inevitable/kit/host';
import type { Logger } from 'pino';
import { assertForCustomers } from '../parts/assert-for-customers.js';
import type { Closers } from '../parts/closers.js';
import { openFileStore } from '../parts/file-store.js';
import { openIdentityParts, seedDemo } from '../parts/identity.js';
import { openObservation } from '../parts/observation.js';
import { loadProducts } from '../parts/products.js';
import { openPlaces } from '../parts/open-places.js';
import { DEFAULT_PUBLIC_URL } from '../parts/public-url.js';
import type { Progress } from '../parts/progress.js';
import { serveApart } from '../parts/serve-apart.js';
import { startWorkerPart } from '../parts/worker.js';
import type { Settings } from '../settings/settings.js';

const DEFAULT_PORT = 3333;

/** Identity publishes none; a record that is written all the same stays in its outbox, and its worker is not ready. */
const noEvents: EventBus = {
  publish: () => Promise.reject(new Error('core-identity publishes no events')),
  subscribe: () => () => undefined,
};

/**
 * core-identity as a process of its own: its subgraph, the REST front, /internal/v1 for the other parts, and a worker for
 * its own jobs: nobody else opens its database.
 */
export async function runIdentity(
  settings: Settings,
  progress: Progress,
  log: Logger,
  closers: Closers,
): Promise<void> {
  const { registry, securityEvent, products: observer } = await openObservation('identity', settings, closers, log);
  const { config, databases } = await openPlaces(settings, progress.line, closers);
  const products = await loadProducts(settings, config);
  const fileStore = await openFileStore(settings, closers);
  const { identity, database: urls } = await progress.step('starting core-identity', () =>
    openIdentityParts(
      settings,
      databases,
      products,
      settings.publicUrl ?? DEFAULT_PUBLIC_URL,
      fileStore.files,
      closers,
      log,
      securityEvent,
    ),
  );
  await assertForCustomers(settings, identity);
  if (settings.development) {
    const demo = await progress.step('seeding the demo', () => seedDemo(settings, identity));
    progress.line(`demo users' password: ${demo.toTell ?? `in ${demo.file}`}`);
  }
  const database = await openProductDatabase(identityDatabase, urls.appUrl);
  closers.add('identity database', () => database.close());
  const subgraph = hostSubgraph(identity.subgraph, {
    database,
    entitlements: identity.ports.entitlements,
    events: null, // identity publishes none
    securityEvent,
    observer,
    log,
  });
  const { runnerUrl, keptIn } = await progress.step('opening the job store', () => databases.prepareJobStore());
  progress.line(`jobs are kept in ${keptIn}`);
  const worker = await progress.step('starting the worker', () =>
    startWorkerPart(
      settings,
      {
        products: [{ declaration: identity.subgraph, database, systemUrl: urls.systemUrl }],
        runnerUrl,
        identity: identity.ports,
        events: noEvents,
        files: fileStore.files,
        registry,
      },
      progress.line,
      closers,
      log,
    ),
  );
  await serveApart(
    {
      name: 'identity',
      subgraph,
      registry,
      defaultPort: DEFAULT_PORT,
      jwksOrigin: `http://${settings.host}:${settings.port ?? DEFAULT_PORT}`,
      checks: {
        'core-identity': async () => ({ ...(await identity.health()), name: 'core-identity' }),
        worker: worker.health,
        ...fileStore.checks,
      },
      internal: { answer: identity.internalApi },
    },
    settings,
    progress.line,
    closers,
    log,
  );
}
