import type { JobDepth } from '../job-store.js';
import { OPEN_STATES } from '../seen-jobs.js';
import type { MongoJobs } from './mongo-jobs-database.js';

const HOUR_MS = 3_600_000;

/** Of open and dead jobs; by product and state. */
export async function jobDepths(db: MongoJobs): Promise<readonly JobDepth[]> {
  const now = await db.now();
  const counts = await db.jobs
    .aggregate<{ _id: { product: string; state: JobDepth['state'] }; count: number }>([
      { $match: { state: { $in: [...OPEN_STATES, 'dead'] } } },
      { $group: { _id: { product: '$product', state: '$state' }, count: { $sum: 1 } } },
    ])
    .toArray();
  return Promise.all(
    counts.map(async ({ _id: { product, state }, count }): Promise<JobDepth> => {
      const [oldest, diedLately] = await Promise.all([
        db.jobs
          .find({ state, product }, { projection: { runAt: 1 } })
          .sort({ runAt: 1 })
          .limit(1)
          .next(),
        state === 'dead'
          ? db.jobs.countDocuments({ state, product, finishedAt: { $gt: new Date(now.getTime() - HOUR_MS) } })
          : 0,
      ]);
      const oldestMs = Math.max(0, now.getTime() - (oldest?.runAt ?? now).getTime());
      return { product, state, count, oldestMs, diedLately };
    }),
  );
}
