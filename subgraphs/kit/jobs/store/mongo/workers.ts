import type { WorkerDocument } from './job-documents.js';
import type { MongoJobs } from './mongo-jobs-database.js';

/** Who was not heard of for that long is not there. */
const LIVES_MS = 30_000;
const DAY_MS = 86_400_000;

/** Makes the worker known, with the definitions it runs; those that were lost long ago are forgotten. */
export async function declareWorker(db: MongoJobs, worker: string, names: readonly string[]): Promise<void> {
  const now = await db.now();
  await db.workers.deleteMany({ seenAt: { $lt: new Date(now.getTime() - DAY_MS) } });
  // Declaring twice is as good as once: the first answer may have been lost.
  await db.workers.replaceOne({ _id: worker }, { names, startedAt: now, seenAt: now }, { upsert: true });
}

/** It runs nothing any more. */
export async function leave(db: MongoJobs, worker: string): Promise<void> {
  await db.workers.deleteOne({ _id: worker });
}

/** It lives. One that has left stays away. */
export async function seen(db: MongoJobs, worker: string): Promise<void> {
  await db.workers.updateOne({ _id: worker }, { $set: { seenAt: await db.now() } });
}

export const liveWorkers = (db: MongoJobs, now: Date): Promise<WorkerDocument[]> =>
  db.workers.find({ seenAt: { $gt: new Date(now.getTime() - LIVES_MS) } }).toArray();
