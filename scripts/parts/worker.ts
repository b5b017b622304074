import type { EventBus, IdentityPorts } from '@inevitable/contract';
import {
  jobMetrics,
  outboxMetrics,
  startWorker,
  type FileStore,
  type WorkedProduct,
  type Worker,
} from '@inevitable/kit/host';
import type { Logger } from 'pino';
import type { Settings } from '../settings/settings.js';
import type { Closers } from './closers.js';
import type { Observation } from './observation.js';
import type { Progress } from './progress.js';

/** What running jobs get to end in when the process stops, where their own timeout is not shorter. */
const JOB_GRACE_MS = 30_000;

export interface WorkerPart {
  readonly products: readonly WorkedProduct[];
  /** Of the job store's runner role. */
  readonly runnerUrl: string;
  readonly identity: Pick<IdentityPorts, 'tenants' | 'entitlements' | 'audit' | 'tenantData'>;
  readonly events: EventBus;
  readonly registry: Observation['registry'];
  readonly files: FileStore;
  /** Only jobs of this queue; all of them unless told. */
  readonly queue?: string | undefined;
}

/** Relays outboxes and runs jobs in this process; tells Prometheus of it where somebody asks. */
export async function startWorkerPart(
  settings: Settings,
  { products, runnerUrl, identity, events, registry, files, queue }: WorkerPart,
  report: Progress['line'],
  closers: Closers,
  log: Logger,
): Promise<Worker> {
  let worker: Worker | null = null;
  worker = await startWorker({
    products,
    jobStoreUrl: runnerUrl,
    tenants: identity.tenants,
    entitlements: identity.entitlements,
    audit: identity.audit,
    tenantData: identity.tenantData,
    deployment: settings.deployment,
    events,
    files,
    queue,
    ...(registry && { observer: jobMetrics(registry, () => worker?.runner ?? null) }),
    log,
  });
  if (registry) outboxMetrics(registry, async () => worker?.outboxes() ?? null);
  const started = worker;
  closers.add('worker', () => {
    const { running } = started.runner;
    if (running) report(`waiting for ${running} running jobs, ${JOB_GRACE_MS / 1_000} s at most`);
    return started.stop(JOB_GRACE_MS);
  });
  return started;
}
