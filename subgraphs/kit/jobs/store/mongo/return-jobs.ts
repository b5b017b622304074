import type { RetryOutcome } from '../job-desk.js';
import type { JobDocument } from './job-documents.js';
import type { MongoJobs } from './mongo-jobs-database.js';
import { freeKeysOfErased, takeOnceKeys } from './once-keys.js';
import { BLOCKED_LOOKED_AT_MS, checkDependencies, resolveBlocked } from './settle-jobs.js';
import { tellWatchers, wakeWorkers } from './telling.js';

// Jobs that have ended are run again from their first attempt.

/** Who does not finish a return within this is lost, and whoever looks goes on with it. Milliseconds. */
const RETURNS_WITHIN_MS = 5_000;

/** What is not read of jobs that are run again may be large. */
export type EndedJob = Omit<JobDocument, 'payload' | 'runs'>;

/** Jobs that need no key and wait for nobody are ready again with one write each. Answers how many. */
export async function returnAtOnce(db: MongoJobs, jobs: readonly EndedJob[]): Promise<number> {
  if (!jobs.length) return 0;
  const moment = await db.now();
  const back = { ...fromTheStart(moment), state: 'ready' as const, isLost: false, wakeAt: null };
  const { matchedCount } = await db.jobs.bulkWrite(
    jobs.map(({ _id, state, finishedAt }) => ({
      updateOne: { filter: { _id, state, finishedAt, isReturning: false }, update: { $set: back } },
    })),
    { ordered: false },
  );
  await Promise.all([
    wakeWorkers(
      db,
      jobs.map(({ name }) => name),
    ),
    tellWatchers(
      db,
      jobs.map((job) => ({ ...job, state: 'ready' })),
    ),
  ]);
  return matchedCount;
}

const fromTheStart = (moment: Date) => ({
  attempts: 0,
  cancelledAfter: null,
  worker: null,
  runAt: moment,
  startedAt: null,
  finishedAt: null,
  progress: null,
  note: null,
});

/**
 * Runs an ended job again. It still waits for what it was to run after, but for what has ended without success. It says that
 * it returns before it takes its key, so that nobody takes that from it as from one that has ended.
 */
export async function returnJob(db: MongoJobs, job: EndedJob): Promise<RetryOutcome> {
  const { _id, state, finishedAt, returns } = job;
  const moment = await db.now();
  const begun = { isReturning: true, returns: returns + 1, wakeAt: returnsUntil(moment) };
  const { matchedCount } = await db.jobs.updateOne(
    { _id, state, finishedAt, returns, isReturning: false },
    { $set: begun },
  );
  if (!matchedCount) return 'not ended'; // somebody else runs it again
  return finishReturn(db, { ...job, ...begun }, moment);
}

/** What somebody began to run again, and did not go on with, as it was seen. */
export async function goOnReturning(db: MongoJobs, left: readonly EndedJob[], moment: Date): Promise<void> {
  for (const job of left) {
    const { _id, wakeAt } = job;
    const mine = { wakeAt: returnsUntil(moment) };
    const { matchedCount } = await db.jobs.updateOne({ _id, isReturning: true, wakeAt }, { $set: mine });
    if (matchedCount) await finishReturn(db, { ...job, ...mine }, moment);
  }
}

const returnsUntil = (moment: Date): Date => new Date(moment.getTime() + RETURNS_WITHIN_MS);

async function finishReturn(db: MongoJobs, job: EndedJob, moment: Date): Promise<RetryOutcome> {
  const { _id, state, tenant, wakeAt } = job;
  // Whoever goes on with it in place of this one has written another time.
  const returning = { _id, state, isReturning: true, wakeAt };
  if (!(await takeOnceKeys(db, [job])).size) {
    await db.jobs.updateOne(returning, { $set: { isReturning: false, wakeAt: null } });
    return 'taken';
  }
  const gone = await goneOf(db, job.waits, tenant);
  const kept = (ids: readonly string[]) => ids.filter((id) => !gone.has(id));
  const back = {
    ...fromTheStart(moment),
    state: 'blocked' as const,
    isReturning: false,
    isLost: false,
    after: kept(job.after),
    waits: kept(job.waits),
    wakeAt: new Date(moment.getTime() + BLOCKED_LOOKED_AT_MS),
  };
  const returned = await db.jobs.updateOne(returning, { $set: back });
  if (!returned.matchedCount) {
    await freeKeysOfErased(db, [job]);
    return 'not ended';
  }
  await checkDependencies(db, [{ _id, tenant, waits: back.waits }]);
  await resolveBlocked(db, [_id]);
  if (back.waits.length) await tellWatchers(db, [{ ...job, state: 'blocked' }]);
  return 'retried';
}

/** Those that are not there, are another tenant's, or have ended without success. */
async function goneOf(db: MongoJobs, ids: readonly string[], tenant: string): Promise<ReadonlySet<string>> {
  if (!ids.length) return new Set();
  const found = await db.jobs
    .find({ _id: { $in: [...ids] }, tenant, state: { $nin: ['dead', 'cancelled'] } }, { projection: { _id: 1 } })
    .toArray();
  const there = new Set(found.map(({ _id }) => _id));
  return new Set(ids.filter((id) => !there.has(id)));
}
