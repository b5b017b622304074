import type { FailedJob } from '@inevitable/contract';
import { totalOf, WAITING_STATES, type JobCount } from '../job-counts.js';
import type { JobScope } from '../job-desk.js';
import type { DeskOverview, UnclaimedJobs } from '../seen-jobs.js';
import { readCounts } from './desk-counts.js';
import type { MongoJobs } from './mongo-jobs-database.js';
import { within } from './scope.js';
import { liveWorkers } from './workers.js';

const ALL: JobScope = { kind: 'all' };
const LATEST = 20;

/** The store in numbers, of all tenants. */
export async function readOverview(db: MongoJobs): Promise<DeskOverview> {
  const [counts, latestFailures] = await Promise.all([readCounts(db, ALL), readLatestFailures(db)]);
  const waiting = counts.filter(({ state }) => WAITING_STATES.includes(state));
  return {
    waiting: totalOf(waiting),
    running: totalOf(counts.filter(({ state }) => state === 'running')),
    failed: totalOf(counts.filter(({ state }) => state === 'dead')),
    latestFailures,
    unclaimed: await readUnclaimed(db, waiting),
  };
}

async function readLatestFailures(db: MongoJobs): Promise<readonly FailedJob[]> {
  const projection = { name: 1, tenant: 1, attempts: 1, error: 1, finishedAt: 1 } as const;
  const dead = await db.jobs
    .find(within(ALL, { state: 'dead' }), { projection, sort: { _id: -1 }, limit: LATEST })
    .toArray();
  return dead.map(({ _id, name, tenant, attempts, error, finishedAt }) => ({
    id: _id,
    name,
    tenantId: tenant || null,
    attempts,
    reason: error!, // nothing dies without
    failedAt: finishedAt!.toISOString(),
  }));
}

async function readUnclaimed(db: MongoJobs, waiting: readonly JobCount[]): Promise<readonly UnclaimedJobs[]> {
  const live = await liveWorkers(db, await db.now());
  const claimed = new Set(live.flatMap(({ names }) => names));
  const unclaimed = [...new Set(waiting.map(({ name }) => name))].filter((name) => !claimed.has(name)).sort();
  const found = await Promise.all(
    unclaimed.map(async (name): Promise<UnclaimedJobs[]> => {
      const oldest = await db.jobs.findOne(within(ALL, { name, state: { $in: [...WAITING_STATES] } }), {
        projection: { createdAt: 1 },
        sort: { _id: 1 },
      });
      // Gone since it was counted: claimed by a worker that has started meanwhile, or cancelled.
      return oldest
        ? [{ name, waiting: totalOf(waiting.filter((count) => count.name === name)), oldest: oldest.createdAt }]
        : [];
    }),
  );
  return found.flat();
}
