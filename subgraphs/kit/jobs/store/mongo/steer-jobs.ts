import type { CancelOutcome, JobByHand, JobScope, RetryOutcome, RunOutcomeByHand } from '../job-desk.js';
import { holds } from '../holds.js';
import { inParts } from '../in-parts.js';
import { insertJobs } from './insert-jobs.js';
import type { JobDocument } from './job-documents.js';
import type { MongoJobs } from './mongo-jobs-database.js';
import { returnAtOnce, returnJob, type EndedJob } from './return-jobs.js';
import { withLog } from './run-writes.js';
import { within } from './scope.js';
import { settleJobs } from './settle-jobs.js';
import { tellWatchers, wakeWorkers } from './telling.js';
import { liveWorkers } from './workers.js';

// What operators and product administrators do to jobs, each within their scope.

/** Jobs that are run again at the same time. */
const RETURNED_AT_ONCE = 20;
/** Each turn that is lost, the job has changed meanwhile. */
const TURNS = 20;

/** `taken`: an open job has its key. */
export async function retryJob(db: MongoJobs, scope: JobScope, id: string): Promise<RetryOutcome> {
  const job = await db.jobs.findOne(within(scope, { _id: id }));
  if (!job) return 'not found';
  if (!isRetryable(job)) return 'not ended';
  return returnJob(db, job);
}

const isRetryable = ({ state }: JobDocument): boolean => state === 'dead' || state === 'cancelled';

/**
 * Dead jobs of a name that are in scope, oldest first, at most `most` after one of them (null: from the first). Answers
 * how many are run again, and the last one that was looked at (null: there was none).
 */
export async function retryDead(
  db: MongoJobs,
  scope: JobScope,
  name: string,
  afterId: string | null,
  most: number,
): Promise<{ readonly retried: number; readonly lastId: string | null }> {
  const dead = await db.jobs
    .find(within(scope, { state: 'dead', name, ...(afterId === null ? {} : { _id: { $gt: afterId } }) }), {
      projection: { payload: 0, runs: 0 },
    })
    .sort({ _id: 1 })
    .limit(most)
    .toArray();
  const isFree = ({ onceKey, waits }: EndedJob): boolean => onceKey === null && !waits.length;
  let retried = await returnAtOnce(db, dead.filter(isFree));
  const others = dead.filter((job) => !isFree(job));
  for (const part of inParts(others, RETURNED_AT_ONCE)) {
    const outcomes = await Promise.all(part.map((job) => returnJob(db, job)));
    retried += outcomes.filter((outcome) => outcome === 'retried').length;
  }
  return { retried, lastId: dead.at(-1)?._id ?? null };
}

/**
 * A run under way is aborted by its worker's next renewal, and may write nothing more; what it held is given back when its
 * lease is over, because until then it may not have noticed. Cancelled once more, a job goes on giving back, unless there
 * is no live worker that could.
 */
export async function cancelJob(db: MongoJobs, scope: JobScope, id: string): Promise<CancelOutcome> {
  for (let turn = 0; turn < TURNS; turn += 1) {
    const job = await db.jobs.findOne(within(scope, { _id: id }));
    if (!job) return 'not found';
    if (job.state === 'succeeded' || isRetryable(job)) return 'ended';
    const moment = await db.now();
    if (job.cancelledAfter !== null && (await isRunBySomebody(db, job.name, moment))) return 'cancelled';
    const attempts = await attemptsToGiveBack(db, job);
    const wasRunning = job.state === 'running';
    const run = wasRunning
      ? withLog(job, { outcome: 'cancelled', error: 'It was cancelled while it ran.', endedAt: moment, log: [] })
      : null;
    const becomes = attempts === null ? over(job, moment) : givingBack(job, attempts);
    const cancelled = await db.jobs.findOneAndUpdate(
      { _id: job._id, state: job.state, fence: job.fence, attempts: job.attempts, cancelledAfter: job.cancelledAfter },
      { ...run, $set: { ...becomes, ...(wasRunning ? { lastEndedAt: moment } : {}), ...run?.$set } } as never,
      { returnDocument: 'after' },
    );
    if (!cancelled) continue;
    if (attempts === null) await settleJobs(db, [cancelled]);
    // Its place is free, or there is something to give back.
    if (attempts !== null || wasRunning) await wakeWorkers(db, [job.name]);
    await tellWatchers(db, [cancelled]);
    return 'cancelled';
  }
  throw new Error(`Job ${id} changed ${TURNS} times while it was to be cancelled.`);
}

const over = (job: JobDocument, moment: Date) => ({
  state: 'cancelled',
  wakeAt: null,
  finishedAt: moment,
  attempts: job.cancelledAfter ?? job.attempts,
  cancelledAfter: null,
});

const givingBack = (job: JobDocument, attempts: number) => ({
  state: job.state === 'running' ? 'scheduled' : 'ready',
  wakeAt: job.state === 'running' ? job.wakeAt : null,
  worker: null,
  startedAt: null,
  cancelledAfter: job.attempts,
  attempts: Math.max(job.attempts, attempts),
  note: 'It was cancelled. What it held is given back next.',
});

const isRunBySomebody = async (db: MongoJobs, name: string, moment: Date): Promise<boolean> =>
  (await liveWorkers(db, moment)).some(({ names }) => names.includes(name));

/** Those of its definition, where that gives back what a cancelled job held; null: it does not, or has been asked to. */
async function attemptsToGiveBack(
  db: MongoJobs,
  { name, cancelledAfter, fansOut }: JobDocument,
): Promise<number | null> {
  if (cancelledAfter !== null || fansOut) return null;
  const definition = await db.definitions.findOne({ _id: name });
  if (!definition) return null;
  const declared = JSON.parse(definition.declared) as { givesBack?: boolean; retry?: { attempts?: number } };
  return declared.givesBack ? (declared.retry?.attempts ?? null) : null;
}

/** `not found`: its tenant or product is not in scope. */
export async function runJob(db: MongoJobs, scope: JobScope, job: JobByHand): Promise<RunOutcomeByHand> {
  if (!holds(scope, job)) return 'not found';
  const inserted = await insertJobs(db, [{ ...job, priority: 0, runAt: null, after: [] }]);
  return inserted.length ? 'queued' : 'taken';
}
