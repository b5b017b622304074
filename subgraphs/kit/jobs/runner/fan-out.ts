import type { TenantId, TenantsPort } from '@inevitable/contract';
import type { JobDefinition } from '../define-job.js';
import type { ClaimedJob, JobStore } from '../store/job-store.js';
import { overlapKey } from './fire-schedules.js';
import { derivedId, timeOfId } from './job-ids.js';
import type { HeldRun } from './held-run.js';
import { JobCannotRun, JobNotNow, PEER_WAIT_MS, withinLimits } from './run-job.js';
import type { Verdict } from './verdict.js';

export interface FanOutDeps {
  readonly tenants: TenantsPort;
  readonly store: JobStore;
}

/**
 * One job for each active tenant, in place of a run. Their ids are made of this job's and the tenant's: begun again after
 * a crash, it makes those that are missing. Throws `JobCannotRun`, `JobNotNow`, why it was cut off, and
 * what the store throws.
 */
export const fanOut = (held: HeldRun, job: JobDefinition<unknown, never>, deps: FanOutDeps): Promise<Verdict> =>
  withinLimits(job, held, ({ signal }) => makeParts(held.job, job, signal, deps));

async function makeParts(
  { id, name, payload, correlationId, trace, schedule }: ClaimedJob,
  job: JobDefinition<unknown, never>,
  signal: AbortSignal,
  { tenants, store }: FanOutDeps,
): Promise<Verdict> {
  const parsed = job.payload.safeParse(payload);
  if (!parsed.success) throw new JobCannotRun(`The payload does not fit the job: ${parsed.error.message}`);
  const onceKey = schedule === null ? (job.once?.(parsed.data) ?? null) : overlapKey(job);
  let after: TenantId | null = null;
  let made = 0;
  for (;;) {
    signal.throwIfAborted();
    const page: readonly TenantId[] = await tenants.active(after).catch((error: unknown) => {
      throw new JobNotNow('Core-identity could not list the tenants.', PEER_WAIT_MS, error);
    });
    if (!page.length) return { outcome: 'succeeded', note: `${made} tenants` };
    await store.insert(
      page.map((tenantId) => ({
        id: derivedId(timeOfId(id), id, tenantId),
        name,
        tenantId,
        payload,
        correlationId,
        trace,
        onceKey,
        priority: 0,
        runAt: null,
        after: [],
        ...(schedule !== null && { schedule }),
      })),
    );
    made += page.length;
    after = page.at(-1)!;
  }
}
