import type { FailedJob, JobsOverview, PartHealth } from '@inevitable/contract';
import { notReady, ready } from '@inevitable/contract';
import { openJobStorePool } from './postgres-job-store.js';

const OVERVIEW = `
  select count(*) filter (where state in ('blocked', 'scheduled', 'ready'))::int as waiting,
         count(*) filter (where state = 'running')::int as running,
         count(*) filter (where state = 'dead')::int as failed
  from jobs where state in ('blocked', 'scheduled', 'ready', 'running', 'dead')`;
const LATEST_FAILURES = `
  select id, name, tenant_id as "tenantId", attempts, error as reason, finished_at as "failedAt"
  from jobs where state = 'dead' order by id desc limit 20`;

/** The store as operators see it, through its reading role. */
export interface JobDesk {
  overview(): Promise<JobsOverview>;
  health(): Promise<PartHealth>;
  close(): Promise<void>;
}

export function openJobDesk(readerUrl: string): JobDesk {
  const pool = openJobStorePool(readerUrl, { 'stack.all_tenants': 'yes' });
  return {
    async overview() {
      const [counts, failures] = await Promise.all([
        pool.query<Omit<JobsOverview, 'latestFailures'>>(OVERVIEW),
        pool.query<FailedJob & { failedAt: Date }>(LATEST_FAILURES),
      ]);
      const latestFailures = failures.rows.map((row) => ({ ...row, failedAt: row.failedAt.toISOString() }));
      return { ...counts.rows[0]!, latestFailures };
    },
    async health() {
      try {
        await pool.query('select 1');
        return ready('job store');
      } catch (error) {
        return notReady('job store', `PostgreSQL does not answer: ${(error as Error).message}`);
      }
    },
    close: () => pool.end(),
  };
}
