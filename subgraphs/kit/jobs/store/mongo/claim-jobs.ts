import type { ClaimedJob, ClaimRequest } from '../job-store.js';
import type { ClaimsDocument, JobDocument } from './job-documents.js';
import type { MongoJobs } from './mongo-jobs-database.js';
import { insertMissing } from './once-keys.js';
import { byPriority, pickJobs, turnId } from './pick-jobs.js';
import { tellWatchers } from './telling.js';

/** Each turn that is lost, another worker has claimed meanwhile. */
const TURNS = 100;

const NO_CLAIM: ClaimsDocument = {
  _id: 'claims',
  token: 0,
  fence: 0,
  worker: '',
  at: new Date(0),
  leaseMs: 0,
  grants: [],
  isDone: true,
};

/**
 * Hands ready jobs to a worker. Two claims at once could together pass a limit that holds for all workers: so what a claim
 * decides is written into the one document of `claims`, if nobody has written there since it looked. Only then are the jobs
 * written; a claimer that is lost in between is finished by the next one. Ends of runs only make more room, so nothing else
 * has to stand still meanwhile.
 */
export async function claimJobs(
  db: MongoJobs,
  { worker, leaseMs, wanted }: ClaimRequest,
): Promise<readonly ClaimedJob[]> {
  for (let turn = 0; turn < TURNS; turn += 1) {
    const before = await lastClaim(db);
    if (!before.isDone) await finishClaim(db, before);
    const picked = (await Promise.all(wanted.map((want) => pickJobs(db, want, worker)))).flat();
    if (!picked.length) return [];
    const claim: ClaimsDocument = {
      _id: 'claims',
      token: before.token + 1,
      fence: before.fence + picked.length,
      worker,
      at: await db.now(),
      leaseMs,
      grants: picked.map(({ _id, name, tenant }, index) => ({
        job: _id,
        name,
        tenant,
        fence: before.fence + 1 + index,
      })),
      isDone: false,
    };
    const written = await db.claims.findOneAndReplace({ _id: 'claims', token: before.token }, claim);
    if (!written) continue;
    const jobs = await finishClaim(db, claim);
    await tellWatchers(db, jobs);
    return jobs.toSorted(byPriority).map(claimedJob);
  }
  return []; // others have been faster each time: they have what there was
}

async function lastClaim(db: MongoJobs): Promise<ClaimsDocument> {
  const last = await db.claims.findOne({ _id: 'claims' });
  if (last) return last;
  await insertMissing(db.claims, [NO_CLAIM]);
  return (await db.claims.findOne({ _id: 'claims' }))!;
}

/** Answers the jobs that are the worker's now. A job that was steered since it was picked is left as it is. */
async function finishClaim(
  db: MongoJobs,
  { token, worker, at, leaseMs, grants }: ClaimsDocument,
): Promise<readonly JobDocument[]> {
  const lease = new Date(at.getTime() + leaseMs);
  const [jobs] = await Promise.all([
    Promise.all(
      grants.map(({ job, fence }) =>
        db.jobs.findOneAndUpdate(
          // One that has a newer fence was written by whoever finished this claim before, and may have run since.
          { _id: job, state: 'ready', fence: { $lt: fence } },
          {
            $set: {
              state: 'running',
              worker,
              fence,
              startedAt: at,
              wakeAt: lease,
              finishedAt: null,
              progress: null,
              note: null,
            },
            $inc: { attempts: 1 },
          },
          { returnDocument: 'after' },
        ),
      ),
    ),
    db.turns.bulkWrite(
      [...lastGrants(grants)].map(([_id, { name, tenant, fence }]) => ({
        updateOne: {
          filter: { _id },
          update: { $max: { served: fence }, $set: { name, tenant, servedAt: at } },
          upsert: true,
        },
      })),
      { ordered: false },
    ),
  ]);
  await db.claims.updateOne({ _id: 'claims', token }, { $set: { isDone: true } });
  return jobs.filter((job) => job !== null);
}

type Grant = ClaimsDocument['grants'][number];

/** Of each tenant and definition, the one with the highest fence. */
const lastGrants = (grants: readonly Grant[]): ReadonlyMap<string, Grant> =>
  new Map(grants.map((grant) => [turnId(grant.name, grant.tenant), grant]));

const claimedJob = (job: JobDocument): ClaimedJob => ({
  id: job._id,
  name: job.name,
  tenantId: job.tenant || null,
  payload: JSON.parse(job.payload),
  correlationId: job.correlationId,
  trace: job.trace,
  priority: job.priority,
  fansOut: job.fansOut,
  schedule: job.schedule,
  fence: job.fence,
  attempt: job.attempts,
  isCancelled: job.cancelledAfter !== null,
  error: job.error,
  delayMs: Math.max(0, job.startedAt!.getTime() - job.runAt.getTime()),
});
