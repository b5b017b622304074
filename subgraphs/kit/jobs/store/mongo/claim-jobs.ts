import { setTimeout as pause } from 'node:timers/promises';
import type { ClaimedJob, ClaimRequest } from '../job-store.js';
import type { ClaimsDocument, JobDocument } from './job-documents.js';
import type { MongoJobs } from './mongo-jobs-database.js';
import { insertMissing } from './once-keys.js';
import { byPriority, pickJobs, turnId } from './pick-jobs.js';
import { tellWatchers } from './telling.js';

/** Who claims has its turn for this long, unless it is done before. Only so that others do not look in vain. Milliseconds. */
const TURN_MS = 1_000;
/** How long a worker waits for its turn: then others have what there was, and it looks again when it is woken. */
const WAITS_MS = 5_000;
const FIRST_PAUSE_MS = 5;
const LONGEST_PAUSE_MS = 100;
/** Each turn that is lost, another worker has claimed meanwhile. */
const TURNS = 50;

/** What the claims document says before the first claim; its id and its two numbers are for whoever inserts it to say. */
export const NOTHING_CLAIMED: Omit<ClaimsDocument, '_id' | 'token' | 'fence'> = {
  worker: '',
  at: new Date(0),
  leaseMs: 0,
  grants: [],
  isDone: true,
  busyUntil: new Date(0),
};

/**
 * Hands ready jobs to a worker, one worker after the other. Two claims at once could together pass a limit that holds for
 * all workers: so what a claim decides is written into the one document of `claims`, if nobody has written there since it
 * looked. Only then are the jobs written; a claimer that is lost in between is finished by the next one. Ends of runs only
 * make more room, so nothing else has to stand still meanwhile.
 */
export async function claimJobs(
  db: MongoJobs,
  { worker, leaseMs, wanted }: ClaimRequest,
): Promise<readonly ClaimedJob[]> {
  const until = performance.now() + WAITS_MS;
  for (let pauseMs = FIRST_PAUSE_MS; performance.now() < until; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
    const before = await takeTurn(db);
    if (!before) {
      await pause(pauseMs * (0.5 + Math.random()));
      continue;
    }
    if (!before.isDone) await finishClaim(db, before);
    const picked = (await Promise.all(wanted.map((want) => pickJobs(db, want, worker)))).flat();
    if (!picked.length) {
      await endTurn(db, before);
      return [];
    }
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
      busyUntil: before.busyUntil,
    };
    // Whoever's turn was over has decided nothing if somebody else has since.
    const written = await db.claims.findOneAndReplace({ _id: 'claims', token: before.token }, claim);
    if (!written) continue;
    const jobs = await finishClaim(db, claim);
    await tellWatchers(db, jobs);
    return jobs.toSorted(byPriority).map(claimedJob);
  }
  return [];
}

/** The claim before; null: it is somebody else's turn. */
async function takeTurn(db: MongoJobs): Promise<ClaimsDocument | null> {
  const now = await db.now();
  const busyUntil = new Date(now.getTime() + TURN_MS);
  const mine = { $set: { busyUntil } };
  // No turn is longer: one that seems so was taken by the clock of a server that was the primary before.
  const free = { _id: 'claims' as const, $or: [{ busyUntil: { $lte: now } }, { busyUntil: { $gt: busyUntil } }] };
  const taken = await db.claims.findOneAndUpdate(free, mine, { returnDocument: 'after' });
  if (taken) return taken;
  const first: ClaimsDocument = { _id: 'claims', token: 0, fence: 0, ...NOTHING_CLAIMED };
  await insertMissing(db.claims, [first]);
  return db.claims.findOneAndUpdate(free, mine, { returnDocument: 'after' });
}

const endTurn = (db: MongoJobs, { token, busyUntil }: ClaimsDocument) =>
  db.claims.updateOne({ _id: 'claims', token, busyUntil }, { $set: { busyUntil: new Date(0) } });

/** Writes what a worker's last claim decided, if it has not been written. */
export async function finishClaimOf(db: MongoJobs, worker: string): Promise<void> {
  const last = await db.claims.findOne({ _id: 'claims', worker, isDone: false });
  if (last) await finishClaim(db, last);
}

/**
 * What the last claim decided names no job of the tenant any more. Who looks for jobs just now has seen those that are gone
 * since, and has to look again: of what it decided, a turn of the tenant would be left.
 */
export async function forgetGrants(db: MongoJobs, tenantId: string, names: readonly string[]): Promise<void> {
  for (let turn = 0; turn < TURNS; turn += 1) {
    const last = await db.claims.findOne({ _id: 'claims' });
    if (!last) return;
    if (!last.isDone) await finishClaim(db, last);
    const { token } = last;
    const grants = last.grants.filter(({ tenant, name }) => tenant !== tenantId || !names.includes(name));
    const { matchedCount } = await db.claims.updateOne(
      { _id: 'claims', token },
      { $set: { token: token + 1, grants, busyUntil: new Date(0) } },
    );
    if (matchedCount) return;
  }
  throw new Error(`Others claimed jobs ${TURNS} times while those of a tenant were to be forgotten.`);
}

/** Answers the jobs that are the worker's now. A job that was steered since it was picked is left as it is. */
async function finishClaim(
  db: MongoJobs,
  { token, worker, at, leaseMs, grants }: ClaimsDocument,
): Promise<readonly WonJob[]> {
  const lease = new Date(at.getTime() + leaseMs);
  await Promise.all([
    db.jobs.bulkWrite(
      grants.map(({ job, fence }) => ({
        updateOne: {
          // One that has a newer fence was written by whoever finished this claim before, and may have run since.
          filter: { _id: job, state: 'ready', fence: { $lt: fence } },
          update: {
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
        },
      })),
      { ordered: false },
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
  const [jobs] = await Promise.all([
    db.jobs
      .find(
        {
          _id: { $in: grants.map(({ job }) => job) },
          state: 'running',
          worker,
          fence: { $in: grants.map(({ fence }) => fence) },
        },
        { projection: { runs: 0 } },
      )
      .toArray(),
    db.claims.updateOne({ _id: 'claims', token }, { $set: { isDone: true, busyUntil: new Date(0) } }),
  ]);
  return jobs;
}

/** What it has logged in its runs before may be long. */
type WonJob = Omit<JobDocument, 'runs'>;

type Grant = ClaimsDocument['grants'][number];

/** Of each tenant and definition, the one with the highest fence. */
const lastGrants = (grants: readonly Grant[]): ReadonlyMap<string, Grant> =>
  new Map(grants.map((grant) => [turnId(grant.name, grant.tenant), grant]));

const claimedJob = (job: WonJob): ClaimedJob => ({
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
