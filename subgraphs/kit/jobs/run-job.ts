import type { DeploymentContext, TenantId, TenantRecord, TenantsPort } from '@inevitable/contract';
import type { Logger } from 'pino';
import type { ProductDatabase } from '../database/index.js';
import type { EventDefinition } from '../events/define-event.js';
import { tenantWork } from '../outbox/outbox.js';
import { DEFAULT_TIMEOUT_MS, type JobDefinition } from './define-job.js';
import { jobContext } from './job-context.js';
import type { JobData } from './job-store.js';

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

const PEER_WAIT_MS = 5_000;
const SUSPENDED_WAIT_MS = 60_000;

export interface RunJobDeps {
  readonly product: string;
  readonly events: readonly EventDefinition[];
  readonly database: ProductDatabase | null;
  readonly tenants: TenantsPort;
  readonly deployment: DeploymentContext;
  readonly log: Logger;
}

/**
 * One run of one job: reads the payload, builds the context and the tenant's handle, and holds the handler to its
 * timeout. Throws what the handler throws, `JobCannotRun`, `JobNotNow`, or an Error that names the timeout.
 */
export async function runJob(
  job: JobDefinition<unknown, never>,
  data: JobData,
  attempt: number,
  stopping: AbortSignal,
  { product, events, database, tenants, deployment, log }: RunJobDeps,
): Promise<void> {
  const parsed = job.payload.safeParse(data.payload);
  if (!parsed.success) throw new JobCannotRun(`The payload does not fit the job: ${parsed.error.message}`);
  const tenant = data.tenantId === null ? null : await findActive(data.tenantId as TenantId, tenants);

  const timeoutMs = job.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  const timeout = new AbortController();
  const signal = AbortSignal.any([stopping, timeout.signal]);
  const context = jobContext(product, tenant, data.correlationId, deployment, Date.now() + timeoutMs, signal);
  let timer: NodeJS.Timeout | undefined;
  // A handler that ignores its signal loses its slot all the same.
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const error = new Error(`The job did not end within ${timeoutMs} ms.`);
      timeout.abort(error);
      reject(error);
    }, timeoutMs);
  });
  try {
    const tenantId = tenant?.id ?? null;
    const run = job.run({
      payload: parsed.data,
      context,
      get db() {
        return requireDatabase(database, job.name).forTenant(tenantId).db as never;
      },
      transaction: (work) =>
        requireDatabase(database, job.name).transaction(tenantId, (handle) =>
          work(tenantWork(handle, context, events) as never),
        ),
      attempt,
      signal,
      log: log.child({ job: job.name, tenant: tenantId, correlationId: data.correlationId, attempt }),
    });
    await Promise.race([run, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Throws `JobNotNow` while the tenant is suspended or nobody can tell, `JobCannotRun` when it is gone for good. */
async function findActive(tenantId: TenantId, tenants: TenantsPort): Promise<TenantRecord> {
  const tenant = await tenants.find(tenantId).catch((error: unknown) => {
    throw new JobNotNow(`Core-identity could not tell about tenant ${tenantId}.`, PEER_WAIT_MS, error);
  });
  if (tenant?.status === 'suspended') throw new JobNotNow(`Tenant ${tenantId} is suspended.`, SUSPENDED_WAIT_MS);
  if (tenant?.status !== 'active') throw new JobCannotRun(`Tenant ${tenantId} is gone.`);
  return tenant;
}

function requireDatabase(database: ProductDatabase | null, job: string): ProductDatabase {
  if (!database) throw new JobCannotRun(`Job "${job}" uses a database, and its product declares none.`);
  return database;
}
