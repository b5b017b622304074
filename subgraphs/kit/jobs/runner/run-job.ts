import type { DeploymentContext, EntitlementsPort, TenantId, TenantRecord, TenantsPort } from '@inevitable/contract';
import { inspect } from 'node:util';
import type { Logger } from 'pino';
import type { ProductDatabase, TenantClient } from '../../database/index.js';
import type { EventDefinition } from '../../events/define-event.js';
import { tenantWork } from '../../outbox/outbox.js';
import type { FileStore } from '../../files/file-store.js';
import { tenantFiles, type TenantFiles } from '../../files/tenant-files.js';
import { tenantEntitlements, type TenantWork } from '../../subgraph/product-context.js';
import {
  DEFAULT_TIMEOUT_MS,
  JobTookTooLong,
  type JobDefinition,
  type JobLog,
  type JobRun,
  type QueueState,
} from '../define-job.js';
import type { JobDepth, JobStore } from '../store/job-store.js';
import type { Cutoff } from './cutoff.js';
import type { HeldRun } from './held-run.js';
import { jobContext } from './job-context.js';
import { jobInLog } from './job-in-log.js';
import type { Verdict } from './verdict.js';

/** A failure no further run can mend: the payload of an old record, a tenant that is gone. */
export class JobCannotRun extends Error {}

/** The job could not even begin, through no fault of its own: it is tried again after `waitMs`, and no run is counted. */
export class JobNotNow extends Error {
  constructor(
    message: string,
    readonly waitMs: number,
    cause?: unknown,
  ) {
    super(message, { cause });
  }
}

export const PEER_WAIT_MS = 5_000;
const SHUT_WAIT_MS = 60_000;

export interface RunJobDeps {
  readonly product: string;
  readonly events: readonly EventDefinition[];
  readonly database: ProductDatabase | null;
  readonly tenants: TenantsPort;
  readonly entitlements: EntitlementsPort;
  readonly deployment: DeploymentContext;
  readonly files?: FileStore | undefined;
  readonly store: Pick<JobStore, 'depths'>;
  /** W3C `traceparent` that the run goes on with; null: none. */
  readonly trace: string | null;
  readonly log: Logger;
}

type Job = JobDefinition<unknown, never>;

/**
 * One run of one job: reads the payload, builds the context and the tenant's handle, and holds the handler to its
 * timeout and its lease. Throws what the handler throws, `JobCannotRun`, `JobNotNow`, or why it was cut off: `JobTookTooLong`,
 * `LeaseLost`, or that the worker stops.
 */
export const runJob = (job: Job, held: HeldRun, deps: RunJobDeps): Promise<Verdict> =>
  withRun(job, held, deps, async (run) => {
    const result = await job.run(run);
    return result ? { outcome: 'skipped', note: result.skipped } : { outcome: 'succeeded' };
  });

/** Lets the product give back what the job held. Throws what it throws, or that it took too long. */
export async function giveUp(job: Job, held: HeldRun, error: Error, deps: RunJobDeps): Promise<void> {
  if (!job.gaveUp) return;
  await withRun(job, held, deps, (run) => job.gaveUp!(run, error));
}

async function withRun<T>(
  job: Job,
  held: HeldRun,
  { product, events, database, tenants, entitlements, deployment, files, store, trace, log }: RunJobDeps,
  work: (run: JobRun<unknown, never>) => Promise<T>,
): Promise<T> {
  const { id, fence, attempt, correlationId, tenantId, payload } = held.job;
  const parsed = job.payload.safeParse(payload);
  if (!parsed.success) throw new JobCannotRun(`The payload does not fit the job: ${parsed.error.message}`);
  return withinLimits(job, held, async (cutoff) => {
    const tenant = tenantId === null ? null : await findActive(tenantId as TenantId, tenants);
    const deadline = Date.now() + timeoutOf(job);
    const context = jobContext({ product, tenant, correlationId, trace, deployment, deadline }, cutoff);
    const lent: Lent = {
      cutoff,
      openDb: () => requireDatabase(database, job.name).forTenant(tenant?.id ?? null).db as never,
      openFiles() {
        if (!files) throw new JobCannotRun(`Job "${job.name}" uses files, and this worker has no file store.`);
        return tenantFiles(files, product, tenant?.id ?? null);
      },
    };
    const run: JobRun<unknown, never> = Object.assign(Object.create(OPENED) as typeof OPENED, {
      [LENT]: lent,
      id,
      payload: parsed.data,
      context,
      tenant: tenant?.id ?? null,
      transaction: <T>(within: (scope: TenantWork<never>) => Promise<T>) =>
        requireDatabase(database, job.name).transaction(tenant?.id ?? null, (handle) =>
          within(tenantWork(handle, context, events) as never),
        ),
      entitlements: tenantEntitlements(tenant?.id ?? null, entitlements),
      queue: async () => queueState(await store.depths(), product),
      attempt,
      fence,
      progress: (fraction: number, note?: string) => held.progress(fraction, note),
      log: jobLog(held, () => log.child({ ...jobInLog(held.job), tenant: tenantId })),
    });
    return work(run);
  });
}

/** What the getters of a run give, each opened when somebody asks for it. */
const LENT = Symbol('lent');
interface Lent {
  readonly cutoff: Cutoff;
  openDb(): TenantClient<never>;
  openFiles(): TenantFiles;
}
interface Lending {
  readonly [LENT]: Lent;
}

/** The same getters for all runs, for the reason that `productContext` has. */
const OPENED = Object.defineProperties({} as Pick<JobRun<unknown, never>, 'db' | 'files' | 'signal'>, {
  db: {
    get(this: Lending) {
      return this[LENT].openDb();
    },
  },
  files: {
    get(this: Lending) {
      return this[LENT].openFiles();
    },
  },
  signal: {
    get(this: Lending) {
      return this[LENT].cutoff.signal;
    },
  },
});

function queueState(depths: readonly JobDepth[], product: string): QueueState {
  const own = depths.filter((depth) => depth.product === product);
  const count = (state: JobDepth['state']) => own.find((depth) => depth.state === state)?.count ?? 0;
  const diedLately = own.find((depth) => depth.state === 'dead')?.diedLately ?? 0;
  const oldestMs = own.find((depth) => depth.state === 'ready')?.oldestMs ?? 0;
  return {
    ready: count('ready'),
    running: count('running'),
    dead: count('dead'),
    diedLately,
    oldestReadySeconds: Math.round(oldestMs / 1_000),
  };
}

const timeoutOf = ({ timeoutMs = DEFAULT_TIMEOUT_MS }: Job): number => timeoutMs;

/**
 * Until it ends, or is cut off: at the job's timeout, when its lease is lost, when the worker stops. Work that ignores its
 * signal loses its place all the same. Throws why it was cut off.
 */
export async function withinLimits<T>(job: Job, held: HeldRun, work: (cutoff: Cutoff) => Promise<T>): Promise<T> {
  const cutoff = held.begin();
  const late = (): void => cutoff.abort(new JobTookTooLong(`The job did not end within ${timeoutOf(job)} ms.`));
  const timer = setTimeout(late, timeoutOf(job)).unref();
  try {
    return await Promise.race([work(cutoff), cutoff.aborted]);
  } finally {
    clearTimeout(timer);
  }
}

/** Throws `JobNotNow` while the tenant is suspended or being deleted, or nobody can tell; `JobCannotRun` when it is gone for good. */
async function findActive(tenantId: TenantId, tenants: TenantsPort): Promise<TenantRecord> {
  const tenant = await tenants.find(tenantId).catch((error: unknown) => {
    throw new JobNotNow(`Core-identity could not tell about tenant ${tenantId}.`, PEER_WAIT_MS, error);
  });
  if (!tenant) throw new JobCannotRun(`Tenant ${tenantId} is gone.`);
  // One that was given up may be kept after all: its jobs wait, too.
  if (tenant.status !== 'active') throw new JobNotNow(`Tenant ${tenantId} is ${tenant.status}.`, SHUT_WAIT_MS);
  return tenant;
}

function requireDatabase(database: ProductDatabase | null, job: string): ProductDatabase {
  if (!database) throw new JobCannotRun(`Job "${job}" uses a database, and its product declares none.`);
  return database;
}

/** Each line twice: for operators beside the run, and in the worker's log. */
function jobLog(held: HeldRun, open: () => Logger): JobLog {
  let log: Logger | null = null;
  const write =
    (level: 'debug' | 'info' | 'warn' | 'error') =>
    (message: string, facts: object = {}): void => {
      held.remember(level, Object.keys(facts).length ? `${message} ${textOf(facts)}` : message);
      log ??= open();
      log[level](facts, message);
    };
  return { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') };
}

/** A handler may log what JSON cannot hold (a bigint, a circle): that is no reason to fail. */
function textOf(facts: object): string {
  try {
    return JSON.stringify(facts);
  } catch {
    return inspect(facts, { breakLength: Infinity });
  }
}
