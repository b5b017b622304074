import type { JobScope } from '../job-desk.js';
import type { MongoJobs } from './mongo-jobs-database.js';
import { retryDead } from './steer-jobs.js';

/** Dead jobs that are looked at together, so that nobody has all of them in memory; and in one call, so that it ends. */
const LIMITS = { together: 1_000, inAll: 10_000 };

/** Dead jobs of a name that are in scope, oldest first. Answers how many are run again. */
export async function retryManyDead(
  db: MongoJobs,
  scope: JobScope,
  name: string,
  { together, inAll } = LIMITS,
): Promise<number> {
  let retried = 0;
  let afterId: string | null = null;
  for (let looked = 0; looked < inAll; looked += together) {
    const most = Math.min(together, inAll - looked);
    const part: Awaited<ReturnType<typeof retryDead>> = await retryDead(db, scope, name, afterId, most);
    if (part.lastId === null) break;
    retried += part.retried;
    afterId = part.lastId;
  }
  return retried;
}
