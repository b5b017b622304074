import type { AnyBulkWriteOperation } from 'mongodb';
import type { JobDocument } from './job-documents.js';
import type { MongoJobs } from './mongo-jobs-database.js';
import { freeOnceKeys, type KeyedJob } from './once-keys.js';
import { tellWatchers, wakeWorkers } from './telling.js';

/** A job that has ended. */
export type JobToSettle = KeyedJob & Pick<JobDocument, 'state'>;

/** How soon somebody looks again at what waits for others: whoever ended the last of them may have died of it. */
export const BLOCKED_LOOKED_AT_MS = 30_000;

const SETTLED_AT_ONCE = 500;

const LOST = 'It was to run after a job that did not succeed.';

/** What follows from jobs having ended: their keys are free, and what waited for them goes on, or never will. */
export async function settleJobs(db: MongoJobs, ended: readonly JobToSettle[]): Promise<void> {
  if (!ended.length) return;
  await freeOnceKeys(db, ended);
  await settleWaiting(db, ended);
}

/** What waited for jobs that have ended goes on, or never will. */
export async function settleWaiting(
  db: MongoJobs,
  ended: readonly Pick<JobDocument, '_id' | 'tenant' | 'state'>[],
): Promise<void> {
  if (!ended.length) return;
  const byId = new Map(ended.map((job) => [job._id, job]));
  const found = db.jobs.find({ waits: { $in: [...byId.keys()] } }, { projection: { tenant: 1, waits: 1 } });
  const settle = async (waiting: readonly Waiting[]): Promise<void> => {
    await writeDependencies(db, waiting, (id, tenant) => {
      const job = byId.get(id);
      if (!job) return 'open';
      return job.state === 'succeeded' && job.tenant === tenant ? 'succeeded' : 'lost';
    });
    await resolveBlocked(
      db,
      waiting.map(({ _id }) => _id),
    );
  };
  // Part by part: a hundred thousand may wait for one.
  let part: Waiting[] = [];
  for await (const job of found) {
    part.push(job);
    if (part.length < SETTLED_AT_ONCE) continue;
    await settle(part);
    part = [];
  }
  if (part.length) await settle(part);
}

type Waiting = Pick<JobDocument, '_id' | 'tenant' | 'waits'>;

/**
 * Looks at all that jobs wait for, as it is now. A job that does not exist, or is another tenant's, is one that did not
 * succeed. Whoever ends one of them after this look finds the jobs that wait.
 */
export async function checkDependencies(db: MongoJobs, waiting: readonly Waiting[]): Promise<void> {
  const ids = [...new Set(waiting.flatMap(({ waits }) => waits))];
  if (!ids.length) return;
  const found = await db.jobs.find({ _id: { $in: ids } }, { projection: { tenant: 1, state: 1 } }).toArray();
  const byId = new Map(found.map((job) => [job._id, job]));
  await writeDependencies(db, waiting, (id, tenant) => {
    const job = byId.get(id);
    if (job?.tenant !== tenant || job.state === 'dead' || job.state === 'cancelled') return 'lost';
    return job.state === 'succeeded' ? 'succeeded' : 'open';
  });
}

async function writeDependencies(
  db: MongoJobs,
  waiting: readonly Waiting[],
  judge: (id: string, tenant: string) => 'open' | 'succeeded' | 'lost',
): Promise<void> {
  const writes = waiting.flatMap(({ _id, tenant, waits }): AnyBulkWriteOperation<JobDocument>[] => {
    const verdicts = waits.map((id) => ({ id, verdict: judge(id, tenant) }));
    const done = verdicts.filter(({ verdict }) => verdict === 'succeeded').map(({ id }) => id);
    const lost = verdicts.filter(({ verdict }) => verdict === 'lost').map(({ id }) => id);
    return [
      ...(done.length ? [{ updateOne: { filter: { _id }, update: { $pullAll: { waits: done } } } }] : []),
      // One that is run again meanwhile does not wait for them any more.
      ...(lost.length
        ? [{ updateOne: { filter: { _id, waits: { $in: lost } }, update: { $set: { isLost: true } } } }]
        : []),
    ];
  });
  if (writes.length) await db.jobs.bulkWrite(writes, { ordered: false });
}

/** Blocked jobs whose dependencies may all be over by now: they go on, or are dead. */
export async function resolveBlocked(db: MongoJobs, ids: readonly string[]): Promise<void> {
  const over = await db.jobs
    .find(
      { _id: { $in: [...ids] }, state: 'blocked', $or: [{ isLost: true }, { waits: { $size: 0 } }] },
      { projection: { payload: 0, runs: 0 } },
    )
    .toArray();
  if (!over.length) return;
  const moment = await db.now();
  const resolved = await Promise.all(
    over.map(async (job) => {
      const { _id, isLost, runAt } = job;
      const becomes = isLost
        ? { state: 'dead' as const, wakeAt: null, finishedAt: moment, error: LOST }
        : readyOrScheduled(runAt, moment);
      const { matchedCount } = await db.jobs.updateOne(
        { _id, state: 'blocked', isLost, runAt, ...(isLost ? {} : { waits: { $size: 0 } }) },
        { $set: becomes },
      );
      return matchedCount ? { ...job, ...becomes } : null;
    }),
  );
  const changed = resolved.filter((job) => job !== null);
  await Promise.all([wakeWorkers(db, namesOfReady(changed)), tellWatchers(db, changed)]);
  await settleJobs(
    db,
    changed.filter(({ state }) => state === 'dead'),
  );
}

export const readyOrScheduled = (runAt: Date, moment: Date): Pick<JobDocument, 'state' | 'wakeAt'> =>
  runAt > moment ? { state: 'scheduled', wakeAt: runAt } : { state: 'ready', wakeAt: null };

/** Of a scheduled one the workers hear too: the next time they look may have to be sooner. */
export const namesOfReady = (jobs: readonly Pick<JobDocument, 'name' | 'state'>[]): readonly string[] =>
  jobs.filter(({ state }) => state === 'ready' || state === 'scheduled').map(({ name }) => name);
