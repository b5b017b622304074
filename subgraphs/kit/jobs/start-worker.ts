import type { DeploymentContext, EventBus, HealthCheck, TenantsPort } from '@inevitable/contract';
import { notReady, ready } from '@inevitable/contract';
import type { Logger } from 'pino';
import { openSystemPool, type ProductDatabase } from '../database/index.js';
import { listenForOutbox } from '../outbox/listen.js';
import { startRelay } from '../outbox/relay.js';
import type { SubgraphDeclaration } from '../subgraph/define-subgraph.js';
import { startJobRunner } from './agenda-runner.js';
import { jobStore, openJobStorePool } from './job-store.js';

/** One product whose outbox is relayed and whose jobs are run here. */
export interface WorkedProduct {
  readonly declaration: SubgraphDeclaration;
  readonly database: ProductDatabase;
  readonly systemUrl: string;
}

export interface WorkerOptions {
  readonly products: readonly WorkedProduct[];
  readonly jobStoreUrl: string;
  readonly tenants: TenantsPort;
  readonly deployment: DeploymentContext;
  readonly events: EventBus;
  readonly log: Logger;
}

export interface Worker {
  readonly health: HealthCheck;
  /** `graceMs`: how long running jobs may take to end. */
  stop(graceMs: number): Promise<void>;
}

/** Relays and runs the jobs of some products: all that `stack start worker` does. */
export async function startWorker({
  products,
  jobStoreUrl,
  tenants,
  deployment,
  events,
  log,
}: WorkerOptions): Promise<Worker> {
  const storePool = openJobStorePool(jobStoreUrl);
  const runner = await startJobRunner(
    storePool,
    products.map(({ declaration, database }) => ({
      product: declaration.name,
      jobs: (declaration.jobs ?? []) as never,
      events: declaration.events ?? [],
      database,
    })),
    { tenants, deployment, log },
  );
  const jobs = jobStore(storePool);
  const pools = products.map(({ declaration, systemUrl }) => openSystemPool(declaration.name, systemUrl));
  const relays = products.map(({ declaration }, index) =>
    startRelay({ product: declaration.name, pool: pools[index]!, jobs, events, log }),
  );
  const listeners = oneUrlPerDatabase(products).map((url) =>
    listenForOutbox(
      url,
      (woken) => {
        for (const relay of relays) if (woken === null || relay.product === woken) relay.wake();
      },
      log,
    ),
  );

  return {
    health: () => {
      const trouble = relays.map((relay) => relay.trouble).filter((reason) => reason !== null);
      return trouble.length ? notReady('worker', trouble.join('; ')) : ready('worker');
    },
    async stop(graceMs) {
      await Promise.all(listeners.map((listener) => listener.stop()));
      await Promise.all(relays.map((relay) => relay.stop()));
      await runner.stop(graceMs);
      await Promise.all([storePool, ...pools].map((pool) => pool.end()));
    },
  };
}

/** One LISTEN connection reaches every product of a database. */
function oneUrlPerDatabase(products: readonly WorkedProduct[]): readonly string[] {
  const urls = new Map<string, string>();
  for (const { systemUrl } of products) {
    const { host, pathname } = new URL(systemUrl);
    urls.set(host + pathname, systemUrl);
  }
  return [...urls.values()];
}
