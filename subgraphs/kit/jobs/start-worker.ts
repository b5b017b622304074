import type {
  AuditPort,
  DeploymentContext,
  EntitlementsPort,
  EventBus,
  HealthCheck,
  TenantDataPort,
  TenantsPort,
} from '@inevitable/contract';
import { notReady, ready } from '@inevitable/contract';
import type { Logger } from 'pino';
import { listen, openSystemPool, type ProductDatabase } from '../database/index.js';
import type { FileStore } from '../files/file-store.js';
import type { OutboxMeasured } from '../outbox/outbox-metrics.js';
import { purgeOutboxJob } from '../outbox/purge-outbox.js';
import { startRelay } from '../outbox/relay.js';
import type { SubgraphDeclaration } from '../subgraph/define-subgraph.js';
import { tenantDataJob } from '../tenant-data/tenant-data-job.js';
import { DEFAULT_QUEUE, type JobDefinition } from './define-job.js';
import { observingNothing, type JobObserver } from './observation/job-observer.js';
import type { JobRunner, ProductJobs } from './runner/start-job-runner.js';
import { openJobStore } from './store/open-job-storage.js';

/** One product whose jobs are run here, and whose outbox is relayed if it has a database. */
export interface WorkedProduct {
  readonly declaration: SubgraphDeclaration;
  readonly database: ProductDatabase | null;
  /** Of its system role; null without a database. */
  readonly systemUrl: string | null;
  /** In place of the worker's own. */
  readonly deployment?: DeploymentContext | undefined;
}

export interface WorkerOptions {
  readonly products: readonly WorkedProduct[];
  readonly jobStoreUrl: string;
  readonly tenants: TenantsPort;
  readonly entitlements: EntitlementsPort;
  /** What the products' mutations did goes there. */
  readonly audit: AuditPort;
  /** What is to be exported and erased of tenants, with `files`. Absent: nobody orders that here. */
  readonly tenantData?: TenantDataPort | undefined;
  readonly deployment: DeploymentContext;
  readonly events: EventBus;
  /** Absent: none of these products keeps files. */
  readonly files?: FileStore | undefined;
  /** Only jobs of this queue; all of them unless told. */
  readonly queue?: string | undefined;
  readonly observer?: JobObserver;
  readonly log: Logger;
}

export interface Worker {
  readonly health: HealthCheck;
  readonly runner: JobRunner;
  outboxes(): Promise<readonly OutboxMeasured[]>;
  /** `graceMs`: how long running jobs may take to end. */
  stop(graceMs: number): Promise<void>;
}

const OUTBOX_CHANNEL = 'outbox';

/** Relays and runs the jobs of some products: all that `stack start worker` does. */
export async function startWorker({
  products,
  jobStoreUrl,
  tenants,
  entitlements,
  audit,
  tenantData,
  deployment,
  events,
  files,
  queue,
  observer = observingNothing,
  log,
}: WorkerOptions): Promise<Worker> {
  const store = await openJobStore(jobStoreUrl, log);
  const relayed = products.flatMap(({ declaration, database, systemUrl }) =>
    systemUrl ? [{ declaration, database, systemUrl, pool: openSystemPool(declaration.name, systemUrl) }] : [],
  );
  const upkeepOf = (product: SubgraphDeclaration): readonly JobDefinition[] => {
    const own = relayed.find(({ declaration }) => declaration === product);
    if (!own) return [];
    const { declaration, database, pool } = own;
    const purge = purgeOutboxJob(declaration, pool);
    if (!database || !tenantData || declaration.tenantData === 'itself') return [purge];
    if (!files) throw new Error('A worker that exports and erases what tenants have needs the file store.');
    return [purge, tenantDataJob({ declaration, database, systemPool: pool, files, jobs: store }, tenantData)];
  };
  // Agenda takes a tenth of a second of CPU to load: only who runs jobs loads it.
  const { startJobRunner } = await import('./runner/start-job-runner.js');
  const runner = await startJobRunner(
    products.map(({ declaration, database, deployment: own = deployment }): ProductJobs => ({
      product: declaration.name,
      jobs: ofQueue([...(declaration.jobs ?? []), ...upkeepOf(declaration)], queue),
      events: declaration.events ?? [],
      database,
      deployment: own,
    })),
    { store, tenants, entitlements, files, observer, log },
  );
  const relays = relayed.map(({ declaration, pool }) =>
    startRelay({ product: declaration.name, pool, jobs: store, events, audit, log }),
  );
  const listeners = oneUrlPerDatabase(relayed.map(({ systemUrl }) => systemUrl)).map((url) =>
    listen({
      url,
      channel: OUTBOX_CHANNEL,
      heard: (woken) => {
        for (const relay of relays) if (woken === null || relay.product === woken) relay.wake();
      },
      what: 'outbox notifications',
      log,
    }),
  );

  return {
    runner,
    outboxes: () => Promise.all(relays.map((relay) => relay.measured())),
    health: () => {
      const trouble = [runner.trouble, ...relays.map((relay) => relay.trouble)].filter((reason) => reason !== null);
      return trouble.length ? notReady('worker', trouble.join('; ')) : ready('worker');
    },
    async stop(graceMs) {
      await Promise.all(listeners.map((listener) => listener.stop()));
      await Promise.all(relays.map((relay) => relay.stop()));
      await runner.stop(graceMs);
      await Promise.all([store.close(), ...relayed.map(({ pool }) => pool.end())]);
    },
  };
}

const ofQueue = (jobs: readonly JobDefinition[], queue: string | undefined): readonly JobDefinition<unknown, never>[] =>
  jobs.filter((job) => queue === undefined || (job.queue ?? DEFAULT_QUEUE) === queue) as never;

/** One LISTEN connection reaches every product of a database. */
function oneUrlPerDatabase(systemUrls: readonly string[]): readonly string[] {
  const urls = new Map<string, string>();
  for (const systemUrl of systemUrls) {
    const { host, pathname } = new URL(systemUrl);
    urls.set(host + pathname, systemUrl);
  }
  return [...urls.values()];
}
