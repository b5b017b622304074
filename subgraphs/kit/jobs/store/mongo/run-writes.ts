import { BSON, type UpdateFilter } from 'mongodb';
import type { ClaimedJob, EndedRun, HeldRun } from '../job-store.js';
import { finishClaimOf } from './claim-jobs.js';
import { runKey, type JobDocument, type RunDocument } from './job-documents.js';
import type { MongoJobs } from './mongo-jobs-database.js';
import { namesOfReady, settleJobs } from './settle-jobs.js';
import { tellWatchers, wakeWorkers } from './telling.js';

// What a worker writes of its runs. Each write names the fence it holds: what another holds by now stays as it is.

/** Runs before the one under way that a job keeps: its document may have 16 MiB, and a run's log 3. Bytes. */
const KEPT_RUNS = 4 * 1024 ** 2;

const held = ({ id, fence }: { readonly id: string; readonly fence: number }) => ({
  _id: id,
  fence,
  state: 'running' as const,
});

/** Answers the ids of those that the worker still holds. */
export async function renewLeases(
  db: MongoJobs,
  leaseMs: number,
  runs: readonly HeldRun[],
): Promise<ReadonlySet<string>> {
  if (!runs.length) return new Set();
  const wakeAt = new Date((await db.now()).getTime() + leaseMs);
  const { matchedCount } = await db.jobs.bulkWrite(
    runs.map((run) => ({ updateOne: { filter: held(run), update: { $set: { wakeAt, ...toldOf(run) } } } })),
    { ordered: false },
  );
  const moved = new Set(runs.filter(({ progress }) => progress !== undefined).map(({ id }) => id));
  const logging = runs.filter(({ log }) => log?.length);
  if (matchedCount === runs.length && !moved.size && !logging.length) return new Set(runs.map(({ id }) => id));

  const jobs = await stillHeld(db, runs);
  const byId = new Map(jobs.map((job) => [job._id, job]));
  const writes = logging.flatMap((run) => {
    const job = byId.get(run.id);
    if (!job) return [];
    const update = withLog(job, { log: run.log!, endedAt: null, outcome: null, error: null });
    return [{ updateOne: { filter: held(run), update: update as UpdateFilter<JobDocument> } }];
  });
  if (writes.length) await db.jobs.bulkWrite(writes, { ordered: false });
  await tellWatchers(
    db,
    jobs.filter(({ _id }) => moved.has(_id)),
  );
  return new Set(byId.keys());
}

const toldOf = ({ progress, note }: HeldRun) => ({
  ...(progress === undefined ? {} : { progress }),
  ...(note === undefined ? {} : { note }),
});

async function stillHeld(
  db: MongoJobs,
  runs: readonly Pick<HeldRun, 'id' | 'fence'>[],
): Promise<readonly Omit<JobDocument, 'payload'>[]> {
  const fences = new Map(runs.map(({ id, fence }) => [id, fence]));
  const found = await db.jobs
    .find({ _id: { $in: [...fences.keys()] }, state: 'running' }, { projection: { payload: 0 } })
    .toArray();
  return found.filter(({ _id, fence }) => fences.get(_id) === fence);
}

/** Claimed and never begun: as if they had not been. */
export async function releaseJobs(db: MongoJobs, runs: readonly Pick<ClaimedJob, 'id' | 'fence'>[]): Promise<void> {
  if (!runs.length) return;
  const found = await stillHeld(db, runs);
  await db.jobs.bulkWrite(
    runs.map((run) => ({
      updateOne: {
        filter: held(run),
        update: { $set: { state: 'ready', wakeAt: null, worker: null, startedAt: null }, $inc: { attempts: -1 } },
      },
    })),
    { ordered: false },
  );
  const jobs = found.map((job) => ({ ...job, state: 'ready' as const }));
  await Promise.all([wakeWorkers(db, namesOfReady(jobs)), tellWatchers(db, jobs)]);
}

/** What a claim gave to a worker that never heard its answer. */
export async function releaseOthers(db: MongoJobs, worker: string, knownFences: readonly number[]): Promise<void> {
  // What was decided and not written yet would be written by the next one that claims.
  await finishClaimOf(db, worker);
  const unknown = await db.jobs
    .find({ state: 'running', worker, fence: { $nin: [...knownFences] } }, { projection: { fence: 1 } })
    .toArray();
  await releaseJobs(
    db,
    unknown.map(({ _id, fence }) => ({ id: _id, fence })),
  );
}

/**
 * Failed with waitMs: another run after that; failed without: dead. Cancelled: what a cancelled job held is given back.
 * Postponed and interrupted runs are not counted. Answers the ids of those that were this holder's to end, also of those it
 * has ended before and was not told so: what follows from their ends may not have been written.
 */
export async function endRuns(db: MongoJobs, runs: readonly EndedRun[]): Promise<ReadonlySet<string>> {
  if (!runs.length) return new Set();
  const [moment, found] = await Promise.all([
    db.now(),
    db.jobs.find({ _id: { $in: runs.map(({ id }) => id) } }, { projection: { payload: 0 } }).toArray(),
  ]);
  const byId = new Map(found.map((job) => [job._id, job]));
  const ends = runs.flatMap((run) => {
    const job = byId.get(run.id);
    return job?.state === 'running' && job.fence === run.fence ? [{ run, job, after: jobAfter(job, run, moment) }] : [];
  });
  const before = runs.flatMap((run) => {
    const job = byId.get(run.id);
    return job?.runs[runKey(run.fence)]?.outcome === run.outcome ? [job] : [];
  });
  const jobs = [...before, ...(await writeEnds(db, ends, moment))];
  if (!jobs.length) return new Set();
  await settleJobs(
    db,
    jobs.filter(({ finishedAt }) => finishedAt !== null),
  );
  await Promise.all([wakeWorkers(db, namesOfReady(jobs)), tellWatchers(db, jobs)]);
  return new Set(jobs.map(({ _id }) => _id));
}

/** Answers those that have ended now. */
async function writeEnds(db: MongoJobs, ends: readonly End[], moment: Date): Promise<readonly JobInRun[]> {
  if (!ends.length) return [];
  const { matchedCount } = await db.jobs.bulkWrite(
    ends.map(({ run, job, after }) => ({ updateOne: { filter: held(run), update: endOf(job, run, after, moment) } })),
    { ordered: false },
  );
  // Another one took some of them between the two: a run that ended now is ours.
  const ended = matchedCount === ends.length ? ends : await endedNow(db, ends, moment);
  return ended.map(({ job, after }) => ({ ...job, ...after }));
}

/** Before it, or with what has become of it. */
type JobInRun = Omit<JobDocument, 'payload'>;
interface End {
  readonly run: EndedRun;
  readonly job: JobInRun;
  readonly after: ReturnType<typeof jobAfter>;
}

async function endedNow(db: MongoJobs, ends: readonly End[], moment: Date): Promise<readonly End[]> {
  const found = await db.jobs
    .find({ _id: { $in: ends.map(({ job }) => job._id) } }, { projection: { runs: 1 } })
    .toArray();
  const byId = new Map(found.map(({ _id, runs }) => [_id, runs]));
  return ends.filter(({ run }) => {
    const kept = byId.get(run.id)?.[runKey(run.fence)];
    return kept?.outcome === run.outcome && kept.endedAt?.getTime() === moment.getTime();
  });
}

/** What the job is once this run has ended. */
function jobAfter(job: JobInRun, { outcome, error, waitMs, note }: EndedRun, moment: Date) {
  const isWell = outcome === 'succeeded' || outcome === 'skipped' || outcome === 'cancelled';
  const isDead = outcome === 'failed' && (waitMs ?? null) === null;
  const isOver = isWell || isDead;
  const waits = (outcome === 'failed' || outcome === 'postponed') && (waitMs ?? 0) > 0;
  const isUncounted = outcome === 'postponed' || outcome === 'interrupted';
  return {
    state: isWell
      ? outcome === 'cancelled'
        ? ('cancelled' as const)
        : ('succeeded' as const)
      : isDead
        ? ('dead' as const)
        : waits
          ? ('scheduled' as const)
          : ('ready' as const),
    wakeAt: waits ? new Date(moment.getTime() + waitMs!) : null,
    attempts: isOver ? (job.cancelledAfter ?? job.attempts) : job.attempts - (isUncounted ? 1 : 0),
    cancelledAfter: isOver ? null : job.cancelledAfter,
    worker: isWell ? job.worker : null,
    error: isWell ? null : outcome === 'interrupted' ? job.error : (error ?? null),
    finishedAt: isOver ? moment : null,
    lastEndedAt: moment,
    ...(outcome === 'succeeded' ? { progress: 1 } : {}),
    ...(note === undefined ? {} : { note }),
  };
}

function endOf(
  job: JobInRun,
  { outcome, error, log }: EndedRun,
  after: ReturnType<typeof jobAfter>,
  moment: Date,
): UpdateFilter<JobDocument> {
  const run = withLog(job, { outcome, error: error ?? null, endedAt: moment, log: log ?? [] });
  // Of runs that could not begin, the last is enough: a tenant may be suspended for a month.
  const superseded =
    outcome === 'postponed'
      ? Object.values(job.runs).flatMap((run) => (run.outcome === 'postponed' ? [`runs.${runKey(run.fence)}`] : []))
      : [];
  return {
    ...run,
    $set: { ...after, ...run.$set },
    ...(superseded.length || run.$unset
      ? { $unset: { ...run.$unset, ...Object.fromEntries(superseded.map((path) => [path, ''])) } }
      : {}),
  } as UpdateFilter<JobDocument>;
}

/** The run that a job is in, written beside what it has logged already. */
export function withLog(
  {
    fence,
    attempts,
    worker,
    startedAt,
    runs = {},
  }: Pick<JobDocument, 'fence' | 'attempts' | 'worker' | 'startedAt'> & Partial<Pick<JobDocument, 'runs'>>,
  { log, ...told }: Pick<RunDocument, 'endedAt' | 'outcome' | 'error' | 'log'>,
) {
  const path = `runs.${runKey(fence)}`;
  const run = { fence, attempt: attempts, worker, startedAt, ...told };
  const old = tooMany(runs, fence);
  return {
    $set: Object.fromEntries(Object.entries(run).map(([field, value]) => [`${path}.${field}`, value])),
    // Also without a line: whoever reads it finds a list.
    $push: { [`${path}.log`]: { $each: [...log] } },
    ...(old.length ? { $unset: Object.fromEntries(old.map((each) => [`runs.${runKey(each)}`, ''])) } : {}),
  };
}

/** Fences of the oldest runs before this one, which no longer have their place in the job's document. */
function tooMany(runs: JobDocument['runs'], fence: number): readonly number[] {
  let room = KEPT_RUNS;
  return Object.values(runs)
    .filter((run) => run.fence !== fence)
    .sort((one, other) => other.fence - one.fence)
    .filter((run) => (room -= BSON.calculateObjectSize(run)) < 0)
    .map((run) => run.fence);
}
