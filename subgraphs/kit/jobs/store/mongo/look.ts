import type { JobRecord } from '@inevitable/contract';
import type { Look } from '../job-store.js';
import { JOB_STATES } from '../seen-jobs.js';
import { goOnWith, insertJobs, letArrive } from './insert-jobs.js';
import type { JobDocument } from './job-documents.js';
import type { MongoJobs } from './mongo-jobs-database.js';
import { goOnReturning } from './return-jobs.js';
import { withLog } from './run-writes.js';
import { dueSchedules, finishFirings } from './schedules.js';
import { BLOCKED_LOOKED_AT_MS, checkDependencies, resolveBlocked } from './settle-jobs.js';
import { tellWatchers } from './telling.js';

const WOKEN_AT_ONCE = 1_000;
const BLOCKED_LOOKED_AT_LEAST_MS = 600_000;
const LOST = 'The worker was not heard of any more.';

/**
 * Makes ready what is due and what a lost worker held, and goes on with what somebody left half done. Then tells what
 * there is to do.
 */
export async function lookAtJobs(db: MongoJobs): Promise<Look> {
  const now = await db.now();
  await wakeJobs(db, now);
  await finishFirings(db, now, (records: readonly JobRecord[]) => insertJobs(db, records));
  const [readyNames, next, { due, nextWakeMs }] = await Promise.all([
    db.jobs.distinct('name', { state: 'ready' }),
    db.jobs
      .find({ wakeAt: { $gt: new Date(0) }, state: { $in: ['scheduled', 'running'] } }, { projection: { wakeAt: 1 } })
      .sort({ wakeAt: 1 })
      .limit(1)
      .next(),
    dueSchedules(db, now),
  ]);
  const waits = [nextWakeMs, next && next.wakeAt!.getTime() - now.getTime()].filter((ms) => ms !== null);
  return {
    readyNames: readyNames.sort(),
    nextWakeMs: waits.length ? Math.min(...waits) : null,
    dueSchedules: due,
    now,
  };
}

async function wakeJobs(db: MongoJobs, now: Date): Promise<void> {
  const due = await db.jobs
    .find(
      { state: { $in: ['arriving', ...JOB_STATES] }, wakeAt: { $gt: new Date(0), $lte: now } },
      { projection: { payload: 0, runs: 0 } },
    )
    .sort({ wakeAt: 1 })
    .limit(WOKEN_AT_ONCE)
    .toArray();
  if (!due.length) return;
  const inState = (state: JobDocument['state']) => due.filter((job) => job.state === state);
  const [scheduled, running, arriving, blocked] = [
    inState('scheduled'),
    inState('running'),
    inState('arriving'),
    inState('blocked'),
  ];
  const returning = due.filter(({ isReturning }) => isReturning);
  const writes = [
    ...scheduled.map(({ _id, state, wakeAt }) => ({
      updateOne: { filter: { _id, state, wakeAt }, update: { $set: { state: 'ready' as const, wakeAt: null } } },
    })),
    ...running.map((job) => ({
      updateOne: {
        // A lease that was renewed meanwhile ends later.
        filter: { _id: job._id, state: job.state, fence: job.fence, wakeAt: job.wakeAt },
        update: lostRun(job, now),
      },
    })),
    ...blocked.map(({ _id, state, wakeAt, createdAt }) => ({
      updateOne: { filter: { _id, state, wakeAt }, update: { $set: { wakeAt: lookedAtAgain(createdAt, now) } } },
    })),
  ];
  if (writes.length) await db.jobs.bulkWrite(writes as never, { ordered: false });
  await tellWatchers(
    db,
    [...scheduled, ...running].map((job) => ({ ...job, state: 'ready' as const })),
  );
  if (blocked.length) {
    await checkDependencies(db, blocked);
    await resolveBlocked(
      db,
      blocked.map(({ _id }) => _id),
    );
  }
  await letArrive(db, await goOnWith(db, arriving, now));
  await goOnReturning(db, returning, now);
}

/** The longer one waits, the more seldom: many that are blocked must not keep what is due from being seen. */
function lookedAtAgain(createdAt: Date, now: Date): Date {
  const age = now.getTime() - createdAt.getTime();
  return new Date(now.getTime() + Math.min(Math.max(age, BLOCKED_LOOKED_AT_MS), BLOCKED_LOOKED_AT_LEAST_MS));
}

function lostRun(job: Omit<JobDocument, 'payload' | 'runs'>, now: Date) {
  const run = withLog(job, { outcome: 'lost', error: LOST, endedAt: now, log: [] });
  const back = { state: 'ready', wakeAt: null, worker: null, startedAt: null, error: LOST, lastEndedAt: now };
  return { ...run, $set: { ...back, ...run.$set } };
}
