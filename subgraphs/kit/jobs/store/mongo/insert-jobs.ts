import type { JobRecord } from '@inevitable/contract';
import { BSON } from 'mongodb';
import { productOf } from '../product-of.js';
import type { JobDocument } from './job-documents.js';
import { jobsThere } from './jobs-there.js';
import type { MongoJobs } from './mongo-jobs-database.js';
import { freeKeysOfErased, insertMissing, takeOnceKeys } from './once-keys.js';
import {
  BLOCKED_LOOKED_AT_MS,
  checkDependencies,
  namesOfReady,
  readyOrScheduled,
  resolveBlocked,
  settleWaiting,
} from './settle-jobs.js';
import { tellWatchers, wakeWorkers } from './telling.js';

/** Who has not finished an insert within this is lost, and whoever looks goes on with it. Milliseconds. */
const ARRIVES_WITHIN_MS = 5_000;
/** Of the 16 MiB that a document may have: its runs are to be written into it, too. Bytes. */
const LARGEST_JOB = 8 * 1024 ** 2;

/** Idempotent by id. A record whose `onceKey` an open job of its name and tenant has is dropped. Answers the new ids. */
export async function insertJobs(db: MongoJobs, records: readonly JobRecord[]): Promise<readonly string[]> {
  if (!records.length) return [];
  const moment = await db.now();
  const jobs = [...new Map(records.map((record) => [record.id, jobDocument(record, moment)])).values()].sort(byId);
  const there = new Set(await insertMissing(db.jobs, jobs));
  const inserted = jobs.filter((_, index) => !there.has(index));
  // One that is there may have been left on its way.
  const left = jobs.filter((job, index) => job.state === 'arriving' && there.has(index)).map(({ _id }) => _id);
  const arriving: Arriving[] = inserted.filter(({ state }) => state === 'arriving');
  if (left.length) {
    const found = await db.jobs.find({ _id: { $in: left }, state: 'arriving' }, WITHOUT_WHAT_IS_LARGE).toArray();
    arriving.push(...(await goOnWith(db, found, moment)));
  }

  const atOnce = inserted.filter(({ state }) => state !== 'arriving');
  await Promise.all([wakeWorkers(db, namesOfReady(atOnce)), tellWatchers(db, atOnce)]);
  return [...atOnce.map(({ _id }) => _id), ...(await letArrive(db, arriving.sort(byId)))];
}

/** What is to be known of a job to let it arrive. */
export type Arriving = Omit<JobDocument, 'payload' | 'runs'>;
const WITHOUT_WHAT_IS_LARGE = { projection: { payload: 0, runs: 0 } } as const;

const byId = (one: Arriving, other: Arriving): number => (one._id < other._id ? -1 : 1);

/**
 * Takes over jobs that somebody else has left on their way, as they were seen: whoever that was drops none of them any more.
 * Answers those that nobody else has taken over.
 */
export async function goOnWith(db: MongoJobs, left: readonly Arriving[], moment: Date): Promise<readonly Arriving[]> {
  const taken = await Promise.all(
    left.map(async (job) => {
      const { _id, wakeAt } = job;
      const later = new Date(Math.max(moment.getTime() + ARRIVES_WITHIN_MS, wakeAt!.getTime() + 1));
      const written = await db.jobs.updateOne({ _id, state: 'arriving', wakeAt }, { $set: { wakeAt: later } });
      return written.matchedCount ? { ...job, wakeAt: later } : null;
    }),
  );
  return taken.filter((job) => job !== null);
}

/**
 * Jobs that are written, and are seen only now: they take their keys, or are dropped, and look at what they are to run
 * after. Two who let one arrive at the same time do no harm. Answers the ids of those that were not dropped.
 */
export async function letArrive(db: MongoJobs, arriving: readonly Arriving[]): Promise<readonly string[]> {
  if (!arriving.length) return [];
  const having = await takeOnceKeys(db, arriving);
  const dropped = await drop(
    db,
    arriving.filter(({ _id }) => !having.has(_id)),
  );
  // What was inserted to run after one of them would wait for ever.
  await settleWaiting(
    db,
    arriving.filter(({ _id }) => dropped.has(_id)).map((job) => ({ ...job, state: 'cancelled' })),
  );
  const kept = arriving.filter(({ _id }) => having.has(_id));
  const notDropped = arriving.map(({ _id }) => _id).filter((id) => !dropped.has(id));
  if (!kept.length) return notDropped;
  await checkDependencies(db, kept);
  const moment = await db.now();
  const arrived = kept.map((job) => ({ ...job, ...arrivedState(job, moment) }));
  const { matchedCount } = await db.jobs.bulkWrite(
    arrived.map(({ _id, state, wakeAt }) => ({
      updateOne: { filter: { _id, state: 'arriving' }, update: { $set: { state, wakeAt } } },
    })),
    { ordered: false },
  );
  if (matchedCount < arrived.length) await freeKeysOfErased(db, arrived);
  await Promise.all([wakeWorkers(db, namesOfReady(arrived)), tellWatchers(db, arrived)]);
  const blocked = arrived.filter(({ state }) => state === 'blocked').map(({ _id }) => _id);
  if (blocked.length) await resolveBlocked(db, blocked);
  return notDropped;
}

/**
 * Not those that somebody else goes on with, who may have found the key free since. Their keys are not given back: they
 * have none. Answers the ids of those that are gone.
 */
async function drop(db: MongoJobs, jobs: readonly Arriving[]): Promise<ReadonlySet<string>> {
  const ids = jobs.map(({ _id }) => _id);
  if (!ids.length) return new Set();
  const { deletedCount } = await db.jobs.bulkWrite(
    jobs.map(({ _id, wakeAt }) => ({ deleteOne: { filter: { _id, state: 'arriving', wakeAt } } })),
    { ordered: false },
  );
  if (deletedCount === ids.length) return new Set(ids);
  const left = await jobsThere(db, ids);
  return new Set(ids.filter((id) => !left.has(id)));
}

const arrivedState = ({ after, runAt }: Arriving, moment: Date): Pick<JobDocument, 'state' | 'wakeAt'> =>
  after.length
    ? { state: 'blocked', wakeAt: new Date(moment.getTime() + BLOCKED_LOOKED_AT_MS) }
    : readyOrScheduled(runAt, moment);

/** Throws `RangeError` for what the store cannot take, now or ever. */
function jobDocument(record: JobRecord, moment: Date): JobDocument {
  const document = newJob(record, moment);
  const bytes = BSON.calculateObjectSize(document);
  if (bytes > LARGEST_JOB)
    throw new RangeError(`Job ${record.id} "${record.name}" has ${bytes} bytes, and ${LARGEST_JOB} is the limit.`);
  return document;
}

function newJob(record: JobRecord, moment: Date): JobDocument {
  const runAt = record.runAt === null ? moment : new Date(record.runAt);
  const isPlain = record.onceKey === null && !record.after.length;
  return {
    _id: record.id,
    name: record.name,
    product: productOf(record.name),
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
    returns: 0,
    runs: {},
    lastEndedAt: null,
  };
}
