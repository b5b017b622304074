import { openJobDesk } from '@inevitable/kit/host';
import { mongoTestJobStore } from '@inevitable/kit/testing';
import { pino } from 'pino';
import { NOTHING_CLAIMED } from '../../subgraphs/kit/jobs/store/mongo/claim-jobs.js';
import type { JobDocument } from '../../subgraphs/kit/jobs/store/mongo/job-documents.js';
import { openMongoJobs } from '../../subgraphs/kit/jobs/store/mongo/mongo-jobs-database.js';
import type { JobDatabase, StoredJob, StoredJobs } from './job-database.js';
import { openJobLedger } from './job-ledgers.js';

const ALL = { kind: 'all' } as const;
const OPEN = new Set<string>(['arriving', 'blocked', 'scheduled', 'ready', 'running']);

/** The jobs in one database of MongoDB. `url`: as MONGODB_URI. */
export function mongoStoredJobs(url: string): StoredJobs {
  const db = openMongoJobs(url);
  const desk = openJobDesk(url, pino({ level: 'silent' }));
  /** That somebody may see. */
  const documents = (filter: { readonly _id?: string } = {}): Promise<JobDocument[]> =>
    db.jobs.find({ ...filter, state: { $ne: 'arriving' } }, { sort: { _id: 1 } }).toArray();
  /** As the next claim would hand it out, and that of all others is another one then. */
  const nextFence = async (): Promise<number> => {
    const claims = await db.claims.findOneAndUpdate(
      { _id: 'claims' },
      { $inc: { fence: 1, token: 1 }, $setOnInsert: NOTHING_CLAIMED },
      { upsert: true, returnDocument: 'after' },
    );
    return claims!.fence;
  };
  return {
    now: db.now,
    advance: async ({ seconds }) =>
      void (await db.clock.updateOne({ _id: 'clock' }, { $inc: { aheadMs: seconds * 1_000 } }, { upsert: true })),
    async job(id) {
      const [job] = await documents({ _id: id });
      if (!job) throw new Error(`There is no job ${id}.`);
      return toStoredJob(job);
    },
    jobs: async () => (await documents()).map(toStoredJob),
    async states() {
      const groups = await db.jobs
        .aggregate<{ _id: string; count: number }>([{ $group: { _id: '$state', count: { $sum: 1 } } }])
        .toArray();
      return Object.fromEntries(groups.map(({ _id, count }) => [_id, count]));
    },
    async attempts(id) {
      const runs = (await documents(id === undefined ? {} : { _id: id })).flatMap((job) => Object.values(job.runs));
      return runs
        .toSorted((a, b) => a.fence - b.fence)
        .map(({ attempt, worker, outcome, error, log }) => ({
          attempt,
          worker,
          outcome: outcome ?? 'running',
          error,
          log: log.map(({ message }) => message),
        }));
    },
    async firings(schedule) {
      const found = await db.firings.find(schedule === undefined ? {} : { schedule }, { sort: { due: 1 } }).toArray();
      return found.map(({ schedule: of, due, firedAt, job }) => ({ schedule: of, due, firedAt, job }));
    },
    async schedules() {
      const found = await db.schedules.find({}, { sort: { _id: 1 } }).toArray();
      return found.map(({ _id, nextDue, missed }) => ({ name: _id, nextDue, missed }));
    },
    workers: async () => (await db.workers.find().toArray()).map(({ names }) => ({ names })),
    // Whose job has ended, or is not there, may be taken over.
    async heldKeys() {
      const [keys, jobs] = await Promise.all([db.onceKeys.find().toArray(), db.jobs.find().toArray()]);
      const open = new Set(jobs.filter(({ state }) => OPEN.has(state)).map(({ _id }) => _id));
      return keys.filter(({ job }) => open.has(job)).length;
    },
    async mentions(text) {
      const names = (await db.database.listCollections({}, { nameOnly: true }).toArray())
        .map(({ name }) => name)
        .sort();
      const all = await Promise.all(names.map((name) => db.database.collection(name).find().toArray()));
      return names.filter((_, index) => JSON.stringify(all[index]).includes(text));
    },
    cancel: async (id) => (await desk).cancel(ALL, id),
    retry: async (id) => (await desk).retry(ALL, id),
    pause: async (schedule) => (await desk).pause(ALL, schedule),
    resume: async (schedule) => (await desk).resume(ALL, schedule),
    async steal(ids) {
      for (const id of ids)
        await db.jobs.updateOne({ _id: id }, { $set: { fence: await nextFence(), worker: 'another' } });
    },
    makeDue: async (id) =>
      void (await db.jobs.updateOne({ _id: id, state: 'scheduled' }, { $set: { wakeAt: await db.now() } })),
    async orphan() {
      const hourAgo = (await db.now()).getTime() - 3_600_000;
      const held = {
        state: 'running' as const,
        worker: 'dead',
        attempts: 1,
        startedAt: new Date(hourAgo),
        wakeAt: new Date(hourAgo + 60_000),
      };
      for (const { _id } of await documents())
        await db.jobs.updateOne({ _id }, { $set: { ...held, fence: await nextFence() } });
    },
    // What is missed is counted by adding to it, and nothing can be added to a text.
    async refuseFirings(schedule) {
      const odd = { missed: 'none' as never };
      const rest = { cron: '', timezone: '', nextDue: null, lastDue: null, pausedAt: null, firing: null };
      await db.schedules.updateOne({ _id: schedule }, { $set: odd, $setOnInsert: rest }, { upsert: true });
      return async () => void (await db.schedules.updateOne({ _id: schedule }, { $set: { missed: 0 } }));
    },
    async empty() {
      // Not the claims: a fence is never handed out twice.
      const all = [db.jobs, db.onceKeys, db.turns, db.definitions, db.schedules, db.firings, db.workers];
      await Promise.all(all.map((collection) => collection.deleteMany({})));
      await db.clock.updateOne({ _id: 'clock' }, { $set: { aheadMs: 0 } }, { upsert: true });
    },
    async close() {
      await (await desk).close();
      await db.close();
    },
  };
}

const toStoredJob = ({ _id, ...job }: JobDocument): StoredJob => ({
  id: _id,
  name: job.name,
  state: job.state as StoredJob['state'],
  attempts: job.attempts,
  worker: job.worker,
  progress: job.progress,
  note: job.note,
  error: job.error,
  schedule: job.schedule,
  fansOut: job.fansOut,
  runAt: job.runAt,
  startedAt: job.startedAt,
  finishedAt: job.finishedAt,
  wakeAt: job.wakeAt,
});

/** In a database of its own on the MongoDB of this run, or on that of `server`; the ledger is in PostgreSQL. */
export async function openMongoJobDatabase(server?: string): Promise<JobDatabase> {
  const store = await mongoTestJobStore(server);
  const stored = mongoStoredJobs(store.runnerUrl);
  const ledger = await openJobLedger();
  return {
    ...stored,
    url: store.runnerUrl,
    readerUrl: store.readerUrl,
    ledger,
    async empty() {
      await stored.empty();
      await ledger.empty();
    },
    async close() {
      await stored.close();
      await store.close();
      await ledger.close();
    },
  };
}
