import type { MongoJobs } from './mongo-jobs-database.js';

/** Those of these ids whose jobs are there, in any state. */
export async function jobsThere(db: MongoJobs, ids: readonly string[]): Promise<ReadonlySet<string>> {
  const found = await db.jobs.find({ _id: { $in: [...ids] } }, { projection: { _id: 1 } }).toArray();
  return new Set(found.map(({ _id }) => _id));
}
