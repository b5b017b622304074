import { firstIdAt } from '../../runner/job-ids.js';
import { ENDED_STATES } from '../seen-jobs.js';
import type { MongoJobs } from './mongo-jobs-database.js';
import { freeOnceKeys } from './once-keys.js';
import { purgeFirings } from './schedules.js';

const DAY_MS = 86_400_000;

/**
 * Ended jobs that ended longer ago than `keepMs`, and firings as old. Answers how many jobs went; fewer than `most`: no
 * more are left.
 */
export async function purgeJobs(db: MongoJobs, keepMs: number, most: number): Promise<number> {
  const now = await db.now();
  const bound = new Date(now.getTime() - keepMs);
  // By id, which is in order of creation: what ended before the bound was made before it.
  const isOld = {
    state: { $in: [...ENDED_STATES] },
    _id: { $lt: firstIdAt(bound) },
    finishedAt: { $lt: bound },
    isReturning: false, // one that is run again has not ended
  };
  const old = await db.jobs
    .find(isOld, { projection: { name: 1, tenant: 1, onceKey: 1, returns: 1 } })
    .limit(most)
    .toArray();
  const { deletedCount } = await db.jobs.deleteMany({ ...isOld, _id: { $in: old.map(({ _id }) => _id) } });
  await freeOnceKeys(db, old);
  await purgeFirings(db, bound);
  // Who was not served for a day is first in any case.
  await db.turns.deleteMany({ servedAt: { $lt: new Date(now.getTime() - DAY_MS) } });
  return deletedCount;
}
