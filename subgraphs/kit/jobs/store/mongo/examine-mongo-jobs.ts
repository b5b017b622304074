import type { MoveMark } from '../move/job-depot.js';
import { OPEN_STATES } from '../seen-jobs.js';
import { checkServer, checkUpdates, type Trial } from './check-mongo-jobs.js';
import { missingCollections } from './make-collections.js';
import { openMongoJobs } from './mongo-jobs-database.js';
import { placeOf, whyUnavailable } from './mongo-unavailable.js';

export interface ExaminedMongoJobs {
  /** "MongoDB 7.0.14". */
  readonly server: string;
  /** Collections and indexes that the next start makes. */
  readonly missing: readonly string[];
  readonly openJobs: number;
  /** null: nothing is being moved, and nothing was moved away. */
  readonly move: Pick<MoveMark, 'stage' | 'why'> | null;
}

/** How long the driver may look for a server, where the URI does not say. Milliseconds. */
const FOUND_WITHIN_MS = 2_500;

/**
 * Looks at the job store in MongoDB. Makes nothing but the collection `trials`, in which a document is tried out and
 * removed. Throws
 * `MongoUnavailable` for a server that cannot keep jobs.
 */
export async function examineMongoJobs(url: string): Promise<ExaminedMongoJobs> {
  const db = openMongoJobs(foundSoon(url));
  const place = placeOf(db.database.client, db.database.databaseName);
  try {
    const server = await checkServer(db, place);
    const [missing, openJobs, clock] = await Promise.all([
      missingCollections(db),
      db.jobs.countDocuments({ state: { $in: ['arriving', ...OPEN_STATES] } }),
      db.clock.findOne({ _id: 'clock' }),
      checkUpdates(db.database.collection<Trial>('trials', { writeConcern: { w: 1 } }), server, place),
    ]);
    return { server, missing, openJobs, move: clock?.move ?? null };
  } catch (error) {
    throw whyUnavailable(place, error);
  } finally {
    await db.close().catch(() => undefined); // what is said of the server is said
  }
}

function foundSoon(url: string): string {
  if (/[?&]serverSelectionTimeoutMS=/i.test(url)) return url;
  const [before, query] = url.split('?', 2) as [string, string?];
  const path = /^[a-z+]+:\/\/[^/]+$/.test(before) ? `${before}/` : before;
  return `${path}?${query ? `${query}&` : ''}serverSelectionTimeoutMS=${FOUND_WITHIN_MS}`;
}
