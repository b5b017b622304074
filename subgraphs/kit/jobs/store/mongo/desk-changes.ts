import type { Logger } from 'pino';
import { newId } from '../../../graph/new-id.js';
import type { JobChange } from '../job-desk.js';
import type { ChangeLine, HeardChanges } from '../job-desk-watch.js';
import type { ChangeDocument } from './job-documents.js';
import { serverTime, type MongoJobs } from './mongo-jobs-database.js';
import { tail } from './telling.js';

/** Who was not heard of for that long has gone without a word. */
const GONE_MS = 60_000;

/** One cursor that follows what is told of jobs. */
export function openChangeLine(db: MongoJobs, heard: HeardChanges, log: Logger): ChangeLine {
  const watcher = newId();
  return tail<ChangeDocument>(
    db,
    db.changes,
    (documents) => heard(documents === null ? null : documents.flatMap(changesIn)),
    // The store tells nobody while nobody says that they listen.
    { what: 'changes of jobs', log, ask: () => sayThatItListens(db, watcher) },
  );
}

const changesIn = ({ changes }: ChangeDocument): readonly JobChange[] =>
  changes.map(({ id, state, tenant, name }) => ({ id, state, tenantId: tenant || null, name }));

/** By the server's clock, as whoever tells judges it: nobody stops listening because tests put the store's ahead. */
async function sayThatItListens(db: MongoJobs, watcher: string): Promise<void> {
  const now = await serverTime(db.database);
  await db.watchers.updateOne({ _id: watcher }, { $set: { seenAt: now } }, { upsert: true });
  await db.watchers.deleteMany({ seenAt: { $lt: new Date(now.getTime() - GONE_MS) } });
}
