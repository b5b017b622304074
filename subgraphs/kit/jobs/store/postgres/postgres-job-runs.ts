import type { JobRuns, JobRunSummary } from '../job-runs.js';
import { openJobStorePool } from './postgres-job-store.js';

// The attempt of a run under way is there already where it has written a log; it has not ended. A job that was retried
// by hand has a new run_at: the first run of before has no delay that anybody can tell.
const SUMMARY = `
  with ended as (
    select j.name, a.outcome, extract(epoch from a.ended_at - a.started_at) * 1000 as ms,
      case when a.attempt = 1 and a.started_at >= j.run_at then extract(epoch from a.started_at - j.run_at) * 1000 end as delay_ms
    from attempts a join jobs j on j.id = a.job_id
    where a.ended_at >= $1 and a.ended_at < $2 and not (j.state = 'running' and j.fence = a.fence)
  ), runs as (
    select name,
      count(*) filter (where outcome = 'succeeded') as succeeded, count(*) filter (where outcome = 'skipped') as skipped,
      count(*) filter (where outcome = 'failed') as failed, count(*) filter (where outcome = 'postponed') as postponed,
      count(*) filter (where outcome = 'interrupted') as interrupted, count(*) filter (where outcome = 'lost') as lost,
      count(*) filter (where outcome = 'cancelled') as cancelled,
      avg(ms) as average_ms, max(ms) as longest_ms, max(delay_ms) as longest_delay_ms
    from ended group by name
  ), given_up as (
    select name, count(*) as dead from jobs where state = 'dead' and finished_at >= $1 and finished_at < $2 group by name
  )
  select name, coalesce(succeeded, 0)::int as succeeded, coalesce(skipped, 0)::int as skipped,
    coalesce(failed, 0)::int as failed, coalesce(postponed, 0)::int as postponed,
    coalesce(interrupted, 0)::int as interrupted, coalesce(lost, 0)::int as lost, coalesce(cancelled, 0)::int as cancelled,
    coalesce(dead, 0)::int as dead, average_ms::float8 as "averageMs", longest_ms::float8 as "longestMs",
    longest_delay_ms::float8 as "longestDelayMs"
  from runs full join given_up using (name) order by name`;

/** `readerUrl`: of the reading role. */
export function postgresJobRuns(readerUrl: string): JobRuns {
  const pool = openJobStorePool(readerUrl, { 'stack.all_tenants': 'yes' });
  return {
    summarize: async (from, to) => (await pool.query<JobRunSummary>(SUMMARY, [from, to])).rows,
    close: () => pool.end(),
  };
}
