import { MongoBulkWriteError } from 'mongodb';
import { OPEN_STATES } from '../seen-jobs.js';
import { jobsThere } from './jobs-there.js';
import { onceKeyId, type JobDocument, type OnceKeyDocument } from './job-documents.js';
import type { MongoJobs } from './mongo-jobs-database.js';

/** Of a job that may have a key. */
export type KeyedJob = Pick<JobDocument, '_id' | 'name' | 'tenant' | 'onceKey' | 'returns'>;

/** Each turn that is lost, somebody else has taken or given back the key meanwhile. */
const TURNS = 50;
const DUPLICATE = 11_000;

export const openOrComing = { $or: [{ state: { $in: [...OPEN_STATES, 'arriving' as const] } }, { isReturning: true }] };

/**
 * Takes the keys of jobs that are written already, so that whoever finds one taken can tell whether its job is open.
 * Answers the ids of those that have theirs, or have none. Where two of them have the same key, the first gets it.
 */
export async function takeOnceKeys(db: MongoJobs, jobs: readonly KeyedJob[]): Promise<ReadonlySet<string>> {
  const having = new Set(jobs.filter(({ onceKey }) => onceKey === null).map(({ _id }) => _id));
  const keyed = jobs.filter(({ onceKey }) => onceKey !== null);
  const refused = new Set(await insertMissing(db.onceKeys, keyed.map(held)));
  for (const [index, job] of keyed.entries()) if (!refused.has(index) || (await takeOver(db, job))) having.add(job._id);
  return having;
}

/** The keys of jobs that have ended. A key that is left over all the same is taken over by the next that wants it. */
export async function freeOnceKeys(db: MongoJobs, jobs: readonly KeyedJob[]): Promise<void> {
  const keyed = jobs.filter(({ onceKey }) => onceKey !== null);
  if (!keyed.length) return;
  await db.onceKeys.bulkWrite(
    keyed.map((job) => ({ deleteOne: { filter: held(job) } })),
    { ordered: false },
  );
}

/** The keys of those whose tenant was erased while they took them. */
export async function freeKeysOfErased(db: MongoJobs, jobs: readonly KeyedJob[]): Promise<void> {
  const keyed = jobs.filter(({ onceKey }) => onceKey !== null);
  if (!keyed.length) return;
  const there = await jobsThere(
    db,
    keyed.map(({ _id }) => _id),
  );
  await freeOnceKeys(
    db,
    keyed.filter(({ _id }) => !there.has(_id)),
  );
}

/** Keys of a tenant that somebody has left who was lost: their jobs are gone. */
export async function forgetOnceKeys(db: MongoJobs, tenant: string, names: readonly string[]): Promise<void> {
  for (const name of names) {
    // All keys of a name and tenant begin alike, up to a comma.
    const beginning = onceKeyId(name, tenant, '').slice(0, -',""]'.length);
    const keys = await db.onceKeys.find({ _id: { $gte: `${beginning},`, $lt: `${beginning}-` } }).toArray();
    if (!keys.length) continue;
    const there = await jobsThere(
      db,
      keys.map(({ job }) => job),
    );
    const left = keys.filter(({ job }) => !there.has(job));
    if (!left.length) continue;
    await db.onceKeys.bulkWrite(
      // Not one that another job has taken over since.
      left.map((key) => ({ deleteOne: { filter: key } })),
      { ordered: false },
    );
  }
}

/** Inserts documents that are not there yet. Answers the indexes of those that were. */
export async function insertMissing<Document extends { readonly _id: string }>(
  collection: { insertMany(documents: readonly never[], options: { ordered: false }): Promise<unknown> },
  documents: readonly Document[],
): Promise<readonly number[]> {
  if (!documents.length) return [];
  try {
    await collection.insertMany(documents as readonly never[], { ordered: false });
    return [];
  } catch (error) {
    if (!(error instanceof MongoBulkWriteError)) throw error;
    const failures = [error.writeErrors].flat();
    // Without one, what failed is to replicate them: another primary would not have them.
    const isDuplicate = failures.length > 0 && failures.every(({ code }) => code === DUPLICATE);
    if (!isDuplicate || error.result.getWriteConcernError()) throw error;
    return failures.map(({ index }) => index);
  }
}

async function takeOver(db: MongoJobs, job: KeyedJob): Promise<boolean> {
  const _id = keyOf(job);
  for (let turn = 0; turn < TURNS; turn += 1) {
    const holder = await db.onceKeys.findOne({ _id });
    if (holder === null) {
      if (!(await insertMissing(db.onceKeys, [held(job)])).length) return true;
    } else {
      if (holder.job === job._id && holder.returns >= job.returns) return holder.returns === job.returns;
      if (holder.job !== job._id && (await isOpenOrComing(db, holder.job))) return false;
      // Not if its job has begun to return since, and has taken it anew.
      const { job: from, returns } = holder;
      const taken = await db.onceKeys.updateOne({ _id, job: from, returns }, { $set: held(job) });
      if (taken.matchedCount) return true;
    }
  }
  throw new Error(`The key of job ${job._id} changed hands ${TURNS} times while it was to be taken.`);
}

const isOpenOrComing = async (db: MongoJobs, id: string): Promise<boolean> =>
  (await db.jobs.findOne({ _id: id, ...openOrComing }, { projection: { _id: 1 } })) !== null;

const held = (job: KeyedJob): OnceKeyDocument => ({ _id: keyOf(job), job: job._id, returns: job.returns });

const keyOf = ({ name, tenant, onceKey }: KeyedJob): string => onceKeyId(name, tenant, onceKey!);
