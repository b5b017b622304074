import { MongoClient, type Collection, type Db } from 'mongodb';
import type {
  ChangeDocument,
  ClaimsDocument,
  ClockDocument,
  DefinitionDocument,
  FiringDocument,
  JobDocument,
  OnceKeyDocument,
  ScheduleDocument,
  TurnDocument,
  WakeDocument,
  WatcherDocument,
  WorkerDocument,
} from './job-documents.js';
import { mendClosedWrites } from './mend-closed-writes.js';
import { databaseNameOf } from './mongo-place.js';
import { unreadableUri } from './mongo-unavailable.js';

/** A server that is not there is found out within this; a half-open connection must not hang a worker. Milliseconds. */
const ANSWERS_WITHIN_MS = 10_000;
/** From when a server was given up that was never found, to the next look for it. */
const LOOKS_AGAIN_MS = 500;

/** The job store's collections, and its clock. */
export interface MongoJobs {
  readonly database: Db;
  readonly jobs: Collection<JobDocument>;
  readonly onceKeys: Collection<OnceKeyDocument>;
  readonly turns: Collection<TurnDocument>;
  readonly claims: Collection<ClaimsDocument>;
  readonly definitions: Collection<DefinitionDocument>;
  readonly schedules: Collection<ScheduleDocument>;
  readonly firings: Collection<FiringDocument>;
  readonly workers: Collection<WorkerDocument>;
  readonly clock: Collection<ClockDocument>;
  readonly wakes: Collection<WakeDocument>;
  readonly changes: Collection<ChangeDocument>;
  readonly watchers: Collection<WatcherDocument>;
  /** The server's, which leases and due times are judged by; never a worker's. */
  now(): Promise<Date>;
  close(): Promise<void>;
}

/**
 * Connects when it is first asked for something. `url`: `mongodb://host/database`, of a user who may read and write it.
 * Throws `MongoUnavailable` for what is no such URI.
 */
export function openMongoJobs(url: string): MongoJobs {
  const database = connectTo(url);
  const clock = database.collection<ClockDocument>('clock');
  return {
    database,
    jobs: database.collection('jobs'),
    onceKeys: database.collection('once_keys'),
    turns: database.collection('turns'),
    claims: database.collection('claims'),
    definitions: database.collection('definitions'),
    schedules: database.collection('schedules'),
    firings: database.collection('firings'),
    workers: database.collection('workers'),
    clock,
    wakes: database.collection('wakes'),
    changes: database.collection('changes'),
    watchers: database.collection('watchers'),
    async now() {
      const [time, offset] = await Promise.all([serverTime(database), clock.findOne({ _id: 'clock' })]);
      if (offset?.move) throw new Error(offset.move.why);
      return new Date(time.getTime() + (offset?.aheadMs ?? 0));
    },
    close: keptLookedFor(database.client),
  };
}

/** The server's clock as it is: the store's, which tests put ahead, is `now`. */
export const serverTime = async (database: Db): Promise<Date> =>
  (await database.command({ hello: 1 }))['localTime'] as Date;

/**
 * The driver gives up for good a server that it did not find when it was first asked for something: whatever is asked then
 * fails, also when the server is back. So it is told to look again until it finds one. Answers how to close the client.
 */
function keptLookedFor(client: MongoClient): () => Promise<void> {
  let isClosed = false;
  let again: NodeJS.Timeout | undefined;
  const look = async (): Promise<void> => {
    await client.connect();
    if (isClosed) await client.close();
  };
  const lookSoon = (): void => {
    clearTimeout(again);
    // A look that fails before it has come to any server, as where its name cannot be looked up, closes nothing.
    if (!isClosed) again = setTimeout(() => void look().catch(lookSoon), LOOKS_AGAIN_MS);
  };
  client.on('topologyClosed', lookSoon);
  return async () => {
    isClosed = true;
    clearTimeout(again);
    await client.close();
  };
}

function connectTo(url: string): Db {
  mendClosedWrites();
  try {
    const client = new MongoClient(url, {
      appName: 'inevitable-jobs',
      ...(!/[?&]serverSelectionTimeoutMS=/i.test(url) && { serverSelectionTimeoutMS: ANSWERS_WITHIN_MS / 2 }),
      connectTimeoutMS: ANSWERS_WITHIN_MS / 2,
      socketTimeoutMS: ANSWERS_WITHIN_MS,
      maxPoolSize: 10,
      // A job that a resolver was told of survives the loss of the server that took it.
      writeConcern: { w: 'majority' },
      // What was just written is read back, whatever the URL says.
      readPreference: 'primary',
      readConcernLevel: 'local', // by this name too it may be in the URL
      ignoreUndefined: true,
    });
    return client.db(databaseNameOf(url));
  } catch (error) {
    throw unreadableUri(url, error);
  }
}
