import type { FailedJob } from '@inevitable/contract';
import { totalOf, WAITING_STATES } from '../job-counts.js';
import type { DeskOverview, UnclaimedJobs } from '../seen-jobs.js';
import { LIVE_WORKERS } from './job-columns.js';
import { readCounts } from './job-desk-counts.js';
import type { AskInScope } from './job-desk-scope.js';

const LATEST_FAILURES = `
  select id, name, tenant_id as "tenantId", attempts, error as reason, finished_at as "failedAt"
  from jobs where state = 'dead' order by id desc limit 20`;
const UNCLAIMED = `
  select n.name, oldest.created_at as oldest from unnest($1::text[]) as n (name)
  cross join lateral (
    select created_at from unnest($2::text[]) as s (state) cross join unnest('{true,false}'::boolean[]) as w (scheduled)
    cross join lateral (
      select id, created_at from jobs j where j.name = n.name and j.state = s.state and j.scheduled = w.scheduled order by id limit 1) first
    order by first.id limit 1) oldest
  where not exists (select from (${LIVE_WORKERS}) live where n.name = any (live.names)) order by n.name`;

/** The store in numbers, of all tenants: `ask` has all in its scope. */
export async function readOverview(ask: AskInScope): Promise<DeskOverview> {
  const counts = await readCounts(ask, { kind: 'all' });
  const failures = await ask<FailedJob & { failedAt: Date }>(LATEST_FAILURES);
  const waiting = counts.filter(({ state }) => WAITING_STATES.includes(state));
  const names = [...new Set(waiting.map(({ name }) => name))];
  const unclaimed = await ask<Omit<UnclaimedJobs, 'waiting'>>(UNCLAIMED, [names, WAITING_STATES]);
  return {
    waiting: totalOf(waiting),
    running: totalOf(counts.filter(({ state }) => state === 'running')),
    failed: totalOf(counts.filter(({ state }) => state === 'dead')),
    latestFailures: failures.map((row) => ({ ...row, failedAt: row.failedAt.toISOString() })),
    unclaimed: unclaimed.map(({ name, oldest }) => ({
      name,
      waiting: totalOf(waiting.filter((count) => count.name === name)),
      oldest,
    })),
  };
}
