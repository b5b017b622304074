import { BSON, type WithId } from 'mongodb';
import {
  runKey,
  type DefinitionDocument,
  type JobDocument,
  type RunDocument,
  type ScheduleDocument,
} from '../mongo/job-documents.js';
import { NOTHING_CLAIMED } from '../mongo/claim-jobs.js';
import { lookAtJobs } from '../mongo/look.js';
import { openMongoJobs, serverTime, type MongoJobs } from '../mongo/mongo-jobs-database.js';
import { mongoPlace } from '../mongo/mongo-place.js';
import { freeOnceKeys, insertMissing, takeOnceKeys } from '../mongo/once-keys.js';
import { purgeJobs } from '../mongo/purge-jobs.js';
import { firingId } from '../mongo/schedules.js';
import { liveWorkers } from '../mongo/workers.js';
import { productOf } from '../product-of.js';
import { JOB_STATES, OPEN_STATES } from '../seen-jobs.js';
import { JobNotKept } from './job-not-kept.js';
import type { JobDepot } from './job-depot.js';
import type { KeptDefinition, KeptJob, KeptRun } from './kept-job.js';

const REMOVED_AT_ONCE = 1_000;
/** docs/reference/limits, "BSON Document Size". */
const LARGEST_DOCUMENT = 16 * 1024 ** 2;

/** One that nobody has come with yet is in no state that the other storage knows. */
const ARRIVED = { $in: [...JOB_STATES] };

/** `url`: as of MONGODB_URI. */
export function mongoDepot(url: string): JobDepot {
  const db = openMongoJobs(url);
  const place = `MongoDB at ${mongoPlace(url)}`;
  return {
    kind: 'mongodb',
    place,
    id: () => Promise.resolve(place),
    // A move has PostgreSQL on its other side, which holds one of them at a time.
    hold: () => Promise.resolve({ isHeld: true, release: () => Promise.resolve() }),
    mark: async () => (await db.clock.findOne({ _id: 'clock' }))?.move ?? null,
    async setMark(move) {
      await db.clock.updateOne(
        { _id: 'clock' },
        { ...(move ? { $set: { move } } : { $unset: { move: '' } }), $setOnInsert: { aheadMs: 0 } },
        { upsert: true },
      );
      // Who has looked at the claims before this, and was frozen since, decides nothing any more.
      if (move) await db.claims.updateOne({ _id: 'claims' }, { $inc: { token: 1 } });
    },
    async use() {
      const now = await timeOf(db);
      const [workers, running, arriving, returning, firing] = await Promise.all([
        liveWorkers(db, now),
        db.jobs.countDocuments({ state: 'running', wakeAt: { $gt: now } }),
        db.jobs.countDocuments({ state: 'arriving' }),
        db.jobs.countDocuments({ isReturning: true }),
        db.schedules.countDocuments({ firing: { $ne: null } }),
      ]);
      return { workers: workers.map(({ _id }) => _id).sort(), running, unfinished: arriving + returning + firing };
    },
    look: async () => void (await lookAtJobs(db)),
    async purge(keepMs) {
      let all = 0;
      for (let removed = REMOVED_AT_ONCE; removed === REMOVED_AT_ONCE; all += removed)
        removed = await purgeJobs(db, keepMs, REMOVED_AT_ONCE);
      return all;
    },
    size: () => db.jobs.estimatedDocumentCount(),
    async jobsAfter(id, most) {
      const found = db.jobs.find({ ...(id !== null && { _id: { $gt: id } }), state: ARRIVED });
      return (await found.sort({ _id: 1 }).limit(most).toArray()).map(keptJob);
    },
    async jobsOf(ids) {
      const found = db.jobs.find({ _id: { $in: [...ids] }, state: ARRIVED });
      return (await found.sort({ _id: 1 }).toArray()).map(keptJob);
    },
    async writeJobs(jobs) {
      if (!jobs.length) return; // the driver refuses nothing
      const documents = jobs.map((job) => {
        const document = jobDocument(job);
        if (BSON.calculateObjectSize(document) <= LARGEST_DOCUMENT) return document;
        throw new JobNotKept(job, place, 'with its runs and their log it is larger than 16 MiB');
      });
      await db.jobs.bulkWrite(
        documents.map((replacement) => ({
          replaceOne: { filter: { _id: replacement._id }, replacement, upsert: true },
        })),
        { ordered: false },
      );
      await takeOnceKeys(
        db,
        documents.filter(({ state }) => OPEN_STATES.some((open) => open === state)),
      );
    },
    removeJobs: (ids) => removeJobs(db, ids),
    async definitions() {
      const [definitions, schedules] = await Promise.all([
        db.definitions.find().toArray(),
        db.schedules.find().toArray(),
      ]);
      const scheduleOf = new Map(schedules.map((schedule) => [schedule._id, schedule]));
      return definitions
        .sort((one, other) => (one._id < other._id ? -1 : 1))
        .map((definition) => keptDefinition(definition, scheduleOf.get(definition._id)));
    },
    async writeDefinitions(definitions) {
      for (const { name, schedule, ...definition } of definitions) {
        await db.definitions.replaceOne({ _id: name }, definition, { upsert: true });
        if (schedule) await db.schedules.replaceOne({ _id: name }, { ...schedule, firing: null }, { upsert: true });
        else await db.schedules.deleteOne({ _id: name });
      }
    },
    async firingsAfter(schedule, due, most) {
      const found = db.firings.find({ schedule, ...(due && { due: { $gt: due } }) });
      return (await found.sort({ due: 1 }).limit(most).toArray()).map(({ due: at, firedAt, job }) => ({
        due: at,
        firedAt,
        job,
      }));
    },
    async writeFirings(schedule, firings) {
      await insertMissing(
        db.firings,
        firings.map(({ due, ...firing }) => ({ _id: firingId(schedule, due), schedule, due, ...firing })),
      );
    },
    lastFence: async () => (await db.claims.findOne({ _id: 'claims' }))?.fence ?? 0,
    async raiseFence(to) {
      // Who has looked at the claims before this must look again.
      await db.claims.updateOne(
        { _id: 'claims' },
        {
          $max: { fence: to },
          $inc: { token: 1 },
          $setOnInsert: NOTHING_CLAIMED,
        },
        { upsert: true },
      );
    },
    settle: () => Promise.resolve(), // the first look does it: what is blocked is written as due for that
    async removeRest() {
      for (const rest of [db.definitions, db.schedules, db.turns, db.onceKeys, db.workers]) await rest.deleteMany({});
      let some = await db.firings.find().limit(REMOVED_AT_ONCE).toArray();
      for (; some.length; some = await db.firings.find().limit(REMOVED_AT_ONCE).toArray())
        await db.firings.deleteMany({ _id: { $in: some.map(({ _id }) => _id) } });
    },
    close: () => db.close(),
  };
}

/** Not `db.now()`, which refuses while there is a mark. */
async function timeOf(db: MongoJobs): Promise<Date> {
  const [time, clock] = await Promise.all([serverTime(db.database), db.clock.findOne({ _id: 'clock' })]);
  return new Date(time.getTime() + (clock?.aheadMs ?? 0));
}

async function removeJobs(db: MongoJobs, ids: readonly string[]): Promise<void> {
  const these = { _id: { $in: [...ids] } };
  const jobs = await db.jobs.find(these, { projection: { name: 1, tenant: 1, onceKey: 1, returns: 1 } }).toArray();
  await freeOnceKeys(db, jobs);
  await db.jobs.deleteMany(these);
}

function keptJob(document: WithId<JobDocument>): KeptJob {
  const { _id, tenant, state, wakeAt, after, waits, runs } = document;
  return {
    id: _id,
    name: document.name,
    tenantId: tenant || null,
    payload: document.payload,
    correlationId: document.correlationId,
    trace: document.trace,
    onceKey: document.onceKey,
    priority: document.priority,
    fansOut: document.fansOut,
    schedule: document.schedule,
    state: state as KeptJob['state'], // none that is arriving was asked for
    wakeAt: state === 'scheduled' || state === 'running' ? wakeAt : null,
    runAt: document.runAt,
    attempts: document.attempts,
    fence: document.fence,
    worker: document.worker,
    progress: document.progress,
    note: document.note,
    error: document.error,
    createdAt: document.createdAt,
    startedAt: document.startedAt,
    finishedAt: document.finishedAt,
    cancelledAfter: document.cancelledAfter,
    after: after.toSorted().map((id) => ({ id, isOpen: waits.includes(id) })),
    runs: Object.values(runs)
      .map((run): KeptRun => ({
        fence: run.fence,
        attempt: run.attempt,
        worker: run.worker,
        startedAt: run.startedAt,
        endedAt: run.endedAt,
        outcome: run.outcome,
        error: run.error,
        log: run.log,
      }))
      .sort((one, other) => one.fence - other.fence),
  };
}

function jobDocument({ id, tenantId, after, runs, wakeAt, ...job }: KeptJob): JobDocument {
  const ends = runs.flatMap(({ endedAt }) => (endedAt ? [endedAt.getTime()] : []));
  return {
    ...job,
    _id: id,
    product: productOf(job.name),
    tenant: tenantId ?? '',
    // One that is blocked is due to be looked at: what it waits for may have ended while it was moved.
    wakeAt: job.state === 'blocked' ? job.createdAt : wakeAt,
    after: after.map((waited) => waited.id),
    waits: after.filter(({ isOpen }) => isOpen).map((waited) => waited.id),
    isLost: false,
    isReturning: false,
    returns: 0,
    runs: Object.fromEntries(runs.map((run): [string, RunDocument] => [runKey(run.fence), run])),
    lastEndedAt: ends.length ? new Date(Math.max(...ends)) : null,
  };
}

const keptDefinition = (
  { _id, product, declared, declaredAt }: DefinitionDocument,
  schedule: ScheduleDocument | undefined,
): KeptDefinition => ({
  name: _id,
  product,
  declared,
  declaredAt,
  schedule: schedule
    ? {
        cron: schedule.cron,
        timezone: schedule.timezone,
        nextDue: schedule.nextDue,
        lastDue: schedule.lastDue,
        missed: schedule.missed,
        pausedAt: schedule.pausedAt,
      }
    : null,
});
