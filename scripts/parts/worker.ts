import type { EventBus, IdentityPorts } from '@inevitable/contract';
import {
  jobMetrics,
  serveMetrics,
  startWorker,
  type FileStore,
  type WorkedProduct,
  type Worker,
} from '@inevitable/kit/host';
import type { Logger } from 'pino';
import type { Settings } from '../settings/settings.js';
import type { Closers } from './closers.js';
import type { Progress } from './progress.js';

/** What running jobs get to end in when the process stops, where their own timeout is not shorter. */
const JOB_GRACE_MS = 30_000;

export interface WorkerPart {
  readonly products: readonly WorkedProduct[];
  /** Of the job store's runner role. */
  readonly runnerUrl: string;
  readonly identity: Pick<IdentityPorts, 'tenants' | 'entitlements' | 'audit'>;
  readonly events: EventBus;
  /** Absent: none of these products keeps files. */
  readonly files?: FileStore;
  /** Only jobs of this queue; all of them unless told. */
  readonly queue?: string | undefined;
}

/** Relays outboxes and runs jobs in this process; tells Prometheus of it where METRICS_PORT is set. */
export async function startWorkerPart(
  settings: Settings,
  { products, runnerUrl, identity, events, files, queue }: WorkerPart,
  report: Progress['line'],
  closers: Closers,
  log: Logger,
): Promise<Worker> {
  let worker: Worker | null = null;
  const metrics =
    settings.metricsPort === undefined ? null : await serveMetrics({ host: settings.host, port: settings.metricsPort });
  if (metrics) closers.add('metrics', () => metrics.close());
  worker = await startWorker({
    products,
    jobStoreUrl: runnerUrl,
    tenants: identity.tenants,
    entitlements: identity.entitlements,
    audit: identity.audit,
    deployment: settings.deployment,
    events,
    files,
    queue,
    ...(metrics && { observer: jobMetrics(metrics.registry, () => worker?.runner ?? null) }),
    log,
  });
  const started = worker;
  closers.add('worker', () => {
    const { running } = started.runner;
    if (running) report(`waiting for ${running} running jobs, ${JOB_GRACE_MS / 1_000} s at most`);
    return started.stop(JOB_GRACE_MS);
  });
  return started;
}
