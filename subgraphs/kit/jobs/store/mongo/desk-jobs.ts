import type { Filter, FindOptions } from 'mongodb';
import type { JobScope } from '../job-desk.js';
import type { SeenAttempt, SeenJob } from '../seen-jobs.js';
import { declaredIn, runKey, type JobDocument, type RunDocument } from './job-documents.js';
import type { MongoJobs } from './mongo-jobs-database.js';
import { within } from './scope.js';

/** Logs of runs may be long, and only `readAttempts` shows them. */
const WITHOUT_RUNS = { runs: 0, after: 0, waits: 0 } as const;

type Reading = Pick<FindOptions, 'sort' | 'limit'>;

/** What a filter takes of what the scope sees, as operators see it. */
export async function readJobs(
  db: MongoJobs,
  scope: JobScope,
  filter: Filter<JobDocument>,
  reading: Reading = {},
): Promise<SeenJob[]> {
  const found = await db.jobs.find(within(scope, filter), { ...reading, projection: WITHOUT_RUNS }).toArray();
  const queues = await queuesOf(db, [...new Set(found.map(({ name }) => name))]);
  return found.map((job) => seenJob(job, queues.get(job.name) ?? null));
}

/** By definition. */
async function queuesOf(db: MongoJobs, names: readonly string[]): Promise<ReadonlyMap<string, string>> {
  if (!names.length) return new Map();
  const found = await db.definitions.find({ _id: { $in: [...names] } }, { projection: { declared: 1 } }).toArray();
  return new Map(found.map((definition) => [definition._id, declaredIn(definition).queue]));
}

const seenJob = (job: Omit<JobDocument, keyof typeof WITHOUT_RUNS>, queue: string | null): SeenJob => ({
  id: job._id,
  name: job.name,
  product: job.product,
  queue,
  state: job.state as SeenJob['state'], // `within` names the states it sees
  priority: job.priority,
  tenantId: job.tenant || null,
  payload: JSON.parse(job.payload) as unknown,
  correlationId: job.correlationId,
  schedule: job.schedule,
  fansOut: job.fansOut,
  attempts: job.cancelledAfter ?? job.attempts,
  worker: job.worker,
  progress: job.progress,
  note: job.note,
  error: job.error,
  runAt: job.runAt,
  createdAt: job.createdAt,
  startedAt: job.startedAt,
  finishedAt: job.finishedAt,
});

/** Of several jobs, in the order they began. */
export async function readAttempts(
  db: MongoJobs,
  scope: JobScope,
  jobIds: readonly string[],
): Promise<readonly SeenAttempt[]> {
  const projection = { state: 1, fence: 1, attempts: 1, worker: 1, startedAt: 1, runs: 1 } as const;
  const jobs = await db.jobs.find(within(scope, { _id: { $in: [...jobIds] } }), { projection }).toArray();
  return jobs.flatMap(attemptsOf).sort(byBeginning).map(withoutFence);
}

type FencedAttempt = SeenAttempt & Pick<RunDocument, 'fence'>;

function attemptsOf({ _id, state, fence, attempts, worker, startedAt, runs }: JobDocument): readonly FencedAttempt[] {
  const kept = Object.values(runs).map((run): FencedAttempt => ({ jobId: _id, ...run }));
  if (state !== 'running' || runs[runKey(fence)]) return kept;
  // A run under way is among them only if it has logged something.
  const underWay = { endedAt: null, outcome: null, error: null, log: [] };
  return [...kept, { jobId: _id, fence, attempt: attempts, worker: worker!, startedAt: startedAt!, ...underWay }];
}

/** Fences grow with every claim: of two runs that began in the same millisecond they tell the first. */
const byBeginning = (one: FencedAttempt, other: FencedAttempt): number =>
  one.startedAt.getTime() - other.startedAt.getTime() || one.fence - other.fence;

const withoutFence = ({
  jobId,
  attempt,
  worker,
  startedAt,
  endedAt,
  outcome,
  error,
  log,
}: FencedAttempt): SeenAttempt => ({
  jobId,
  attempt,
  worker,
  startedAt,
  endedAt,
  outcome,
  error,
  log,
});

/** What each of several jobs waits for or waited for, by its id; those that are gone are left out. */
export async function readDependencies(
  db: MongoJobs,
  scope: JobScope,
  jobIds: readonly string[],
): Promise<readonly { readonly jobId: string; readonly waitsFor: SeenJob }[]> {
  const waiting = await db.jobs
    .find(within(scope, { _id: { $in: [...jobIds] } }), { projection: { after: 1 } })
    .toArray();
  const ids = new Set(waiting.flatMap(({ after }) => after));
  if (!ids.size) return [];
  const waitedFor = await readJobs(db, scope, { _id: { $in: [...ids] } }, { sort: { _id: 1 } });
  return waitedFor.flatMap((waitsFor) =>
    waiting.filter(({ after }) => after.includes(waitsFor.id)).map(({ _id }) => ({ jobId: _id, waitsFor })),
  );
}
