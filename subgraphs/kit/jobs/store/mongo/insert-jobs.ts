import type { JobRecord } from '@inevitable/contract';
import type { JobDocument } from './job-documents.js';
import type { MongoJobs } from './mongo-jobs-database.js';
import { insertMissing, takeOnceKeys } from './once-keys.js';
import {
  BLOCKED_LOOKED_AT_MS,
  checkDependencies,
  namesOfReady,
  readyOrScheduled,
  resolveBlocked,
  settleJobs,
} from './settle-jobs.js';
import { tellWatchers, wakeWorkers } from './telling.js';

/** Who has not finished an insert within this is lost, and whoever looks goes on with it. Milliseconds. */
const ARRIVES_WITHIN_MS = 5_000;

/** Idempotent by id. A record whose `onceKey` an open job of its name and tenant has is dropped. Answers the new ids. */
export async function insertJobs(db: MongoJobs, records: readonly JobRecord[]): Promise<readonly string[]> {
  if (!records.length) return [];
  const moment = await db.now();
  const jobs = [...new Map(records.map((record) => [record.id, jobDocument(record, moment)])).values()].sort(byId);
  const there = new Set(await insertMissing(db.jobs, jobs));
  const inserted = jobs.filter((_, index) => !there.has(index));
  // One that is there may have been left on its way.
  const left = jobs.filter((job, index) => job.state === 'arriving' && there.has(index)).map(({ _id }) => _id);
  const arriving = inserted.filter(({ state }) => state === 'arriving');
  if (left.length) arriving.push(...(await db.jobs.find({ _id: { $in: left }, state: 'arriving' }).toArray()));

  const atOnce = inserted.filter(({ state }) => state !== 'arriving');
  await Promise.all([wakeWorkers(db, namesOfReady(atOnce)), tellWatchers(db, atOnce)]);
  return [...atOnce.map(({ _id }) => _id), ...(await letArrive(db, arriving.sort(byId)))];
}

const byId = (one: JobDocument, other: JobDocument): number => (one._id < other._id ? -1 : 1);

/**
 * Jobs that are written, and are seen only now: they take their keys, or are dropped, and look at what they are to run
 * after. Two who let one arrive at the same time do no harm. Answers the ids of those that were not dropped.
 */
export async function letArrive(db: MongoJobs, arriving: readonly JobDocument[]): Promise<readonly string[]> {
  if (!arriving.length) return [];
  const having = await takeOnceKeys(db, arriving);
  const dropped = arriving.filter(({ _id }) => !having.has(_id));
  if (dropped.length) {
    await db.jobs.deleteMany({ _id: { $in: dropped.map(({ _id }) => _id) }, state: 'arriving' });
    // What was inserted to run after one of them would wait for ever.
    await settleJobs(
      db,
      dropped.map((job) => ({ ...job, state: 'cancelled' })),
    );
  }
  const kept = arriving.filter(({ _id }) => having.has(_id));
  if (!kept.length) return [];
  await checkDependencies(db, kept);
  const moment = await db.now();
  const arrived = kept.map((job) => ({ ...job, ...arrivedState(job, moment) }));
  await db.jobs.bulkWrite(
    arrived.map(({ _id, state, wakeAt }) => ({
      updateOne: { filter: { _id, state: 'arriving' }, update: { $set: { state, wakeAt } } },
    })),
    { ordered: false },
  );
  await Promise.all([wakeWorkers(db, namesOfReady(arrived)), tellWatchers(db, arrived)]);
  const blocked = arrived.filter(({ state }) => state === 'blocked').map(({ _id }) => _id);
  if (blocked.length) await resolveBlocked(db, blocked);
  return kept.map(({ _id }) => _id);
}

const arrivedState = ({ after, runAt }: JobDocument, moment: Date): Pick<JobDocument, 'state' | 'wakeAt'> =>
  after.length
    ? { state: 'blocked', wakeAt: new Date(moment.getTime() + BLOCKED_LOOKED_AT_MS) }
    : readyOrScheduled(runAt, moment);

function jobDocument(record: JobRecord, moment: Date): JobDocument {
  const runAt = record.runAt === null ? moment : new Date(record.runAt);
  const isPlain = record.onceKey === null && !record.after.length;
  return {
    _id: record.id,
    name: record.name,
    product: record.name.split('.', 1)[0]!,
    tenant: record.tenantId ?? '',
    payload: JSON.stringify(record.payload),
    correlationId: record.correlationId,
    trace: record.trace,
    onceKey: record.onceKey,
    priority: record.priority,
    fansOut: record.fansOut ?? false,
    schedule: record.schedule ?? null,
    ...(isPlain
      ? readyOrScheduled(runAt, moment)
      : { state: 'arriving', wakeAt: new Date(moment.getTime() + ARRIVES_WITHIN_MS) }),
    runAt,
    attempts: 0,
    fence: 0,
    worker: null,
    progress: null,
    note: null,
    error: null,
    createdAt: moment,
    startedAt: null,
    finishedAt: null,
    cancelledAfter: null,
    after: [...new Set(record.after)],
    waits: [...new Set(record.after)],
    isLost: false,
    isReturning: false,
    runs: {},
    lastEndedAt: null,
  };
}
