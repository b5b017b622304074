import { hostSubgraph } from '@inevitable/kit/host';
import type { Logger } from 'pino';
import type { Closers } from '../parts/closers.js';
import { openSharedEventBus } from '../parts/event-bus.js';
import { openFileStore } from '../parts/file-store.js';
import { identityPeer } from '../parts/identity-peer.js';
import { openObservation } from '../parts/observation.js';
import { loadProducts } from '../parts/products.js';
import { openPlaces } from '../parts/open-places.js';
import { openProductRows } from '../parts/open-product-rows.js';
import type { Progress } from '../parts/progress.js';
import { publicUrlOf } from '../parts/public-url.js';
import { serveApart } from '../parts/serve-apart.js';
import type { Settings } from '../settings/settings.js';

/** One product as a process of its own. Its port is that of its routing_url unless PORT says otherwise. */
export async function runSubgraph(
  name: string,
  settings: Settings,
  progress: Progress,
  log: Logger,
  closers: Closers,
): Promise<void> {
  const { registry, securityEvent, products: observer } = await openObservation(name, settings, closers, log);
  const { config, databases } = await openPlaces(settings, progress.line, closers);
  const [declaration] = await loadProducts(settings, config, name);
  const events = await openSharedEventBus(settings, closers, log); // what a worker publishes comes from another process
  const { files, checks: filesChecks } = await openFileStore(settings, closers);
  const identity = await identityPeer(settings, name);
  const publicUrl = publicUrlOf(identity.verification, closers, log);
  const { database } = await progress.step('preparing the database', () => openProductRows(declaration!, databases));
  if (database) closers.add(`database of ${name}`, () => database.close());

  const subgraph = hostSubgraph(declaration!, {
    database,
    entitlements: identity.entitlements,
    events: events?.bus ?? null,
    files,
    publicUrl: publicUrl.current,
    deployment: settings.deploymentOf(name),
    securityEvent,
    observer,
    log,
  });
  const defaultPort = Number(new URL(config.subgraphs.get(name)!.routingUrl).port) || 80;
  await serveApart(
    {
      name: `subgraph ${name}`,
      subgraph,
      registry,
      defaultPort,
      jwksOrigin: settings.identityUrl,
      checks: { ...filesChecks, ...publicUrl.checks, ...events?.checks },
    },
    settings,
    progress.line,
    closers,
    log,
  );
}
