import type { TenantId, TenantsPort } from '@inevitable/contract';
import type { JobDefinition } from '../define-job.js';
import type { ClaimedJob, JobStore } from '../store/job-store.js';
import { overlapKey } from './fire-schedules.js';
import { derivedId, timeOfId } from './job-ids.js';
import { JobCannotRun } from './run-job.js';
import type { Verdict } from './verdict.js';

/**
 * One job for each active tenant, in place of a run. Their ids are made of this job's and the tenant's: begun again after
 * a crash, it makes those that are missing. Throws `JobCannotRun`, and what core-identity or the store throws.
 */
export async function fanOut(
  { id, name, payload, correlationId, trace, schedule }: ClaimedJob,
  job: JobDefinition<unknown, never>,
  { tenants, store }: { readonly tenants: TenantsPort; readonly store: JobStore },
): Promise<Verdict> {
  const parsed = job.payload.safeParse(payload);
  if (!parsed.success) throw new JobCannotRun(`The payload does not fit the job: ${parsed.error.message}`);
  const onceKey = schedule === null ? (job.once?.(parsed.data) ?? null) : overlapKey(job);
  let after: TenantId | null = null;
  let made = 0;
  for (;;) {
    const page: readonly TenantId[] = await tenants.active(after);
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
