import { MongoNetworkError, MongoNetworkTimeoutError, type Collection } from 'mongodb';
import { newId } from '../../../graph/new-id.js';
import { createCollection, makeCollections } from './make-collections.js';
import { openMongoJobs, type MongoJobs } from './mongo-jobs-database.js';
import { isUnauthorized, MongoUnavailable, placeOf, whyUnavailable, type MongoPlace } from './mongo-unavailable.js';

const FERRETDB = 'FerretDB';
const ATTEMPTS = 5;

/** Of so many that update one document at once, one may win. */
const RACERS = 8;
/**
 * A server that reads, compares and writes without a lock is slower over a document of this many characters than clients
 * are apart: it is found out in 9 of 10 races.
 */
const RACED_OVER = 100_000;
const RACES = 6;

/** In a collection of its own: what is tried out. */
export interface Trial {
  readonly _id: string;
  readonly winner: number | null;
  readonly filler?: string;
}

/** Checks the server, and makes what is not there yet. Answers its name and version. Throws `MongoUnavailable`. */
export async function checkMongoJobs(url: string): Promise<string> {
  const db = openMongoJobs(url);
  const place = placeOf(db.database.client, db.database.databaseName);
  try {
    const server = await checkServer(db, place);
    await again(() => prepare(db, server, place));
    return server;
  } catch (error) {
    throw whyUnavailable(place, error);
  } finally {
    await db.close().catch(() => undefined); // what is said of the server is said
  }
}

async function prepare(db: MongoJobs, server: string, place: MongoPlace): Promise<void> {
  const trials = db.database.collection<Trial>('trials', { writeConcern: { w: 1 } });
  await checkPrivileges(db, trials, place);
  await checkUpdates(trials, server, place);
  await makeCollections(db, { isFerretdb: server.startsWith(FERRETDB) });
}

/** A server that was there a moment ago is asked again: FerretDB 1.x hangs up on some of those who make indexes at once. */
async function again(work: () => Promise<void>): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      const hungUp = error instanceof MongoNetworkError && !(error instanceof MongoNetworkTimeoutError);
      if (!hungUp || attempt === ATTEMPTS) throw error;
    }
  }
}

/** Answers its name and version. One that is older than 4.4, the driver does not speak to. */
export async function checkServer({ database }: MongoJobs, { name }: MongoPlace): Promise<string> {
  const hello = await database.command({ hello: 1 });
  const build = await database.command({ buildInfo: 1 });
  if (hello['isWritablePrimary'] === false)
    throw new MongoUnavailable(
      `${name} is not the primary of replica set "${hello['setName']}", and cannot be written to: name all of its members in MONGODB_URI, without directConnection.`,
    );
  const { ferretdbVersion } = build;
  return ferretdbVersion === undefined ? `MongoDB ${build['version']}` : `${FERRETDB} ${ferretdbVersion}`;
}

/** By trying: what a user may do can be said in many ways. */
async function checkPrivileges(db: MongoJobs, trials: Collection<Trial>, place: MongoPlace): Promise<void> {
  const _id = newId();
  const attempts: readonly (readonly [privilege: string, attempt: () => Promise<unknown>])[] = [
    ['listCollections', () => db.database.listCollections({}, { nameOnly: false }).toArray()],
    ['createCollection', () => createCollection(db, trials.collectionName, {})],
    ['insert', () => trials.insertOne({ _id, winner: null })],
    ['find', () => trials.findOne({ _id })],
    ['update', () => trials.updateOne({ _id }, { $set: { winner: 0 } })],
    ['createIndex', () => trials.createIndex({ winner: 1 })],
    ['listIndexes', () => trials.listIndexes().toArray()],
    ['remove', () => trials.deleteOne({ _id })],
  ];
  const missing: string[] = [];
  for (const [privilege, attempt] of attempts) {
    try {
      await attempt();
    } catch (error) {
      if (isUnauthorized(error)) missing.push(privilege);
      // What was not allowed before may be why this cannot be.
      else if (!missing.length) throw error;
    }
  }
  if (missing.length)
    throw new MongoUnavailable(
      `${place.name} does not allow ${place.user} to ${listed(missing)}: grant the role readWrite on database "${place.database}".`,
    );
}

const listed = (all: readonly string[]): string =>
  all.length < 2 ? all.join() : `${all.slice(0, -1).join(', ')} and ${all.at(-1)}`;

/** A job is run by one worker because of many that update it on condition, one wins. */
export async function checkUpdates(trials: Collection<Trial>, server: string, { name }: MongoPlace): Promise<void> {
  const racers = Array.from({ length: RACERS }, (_, racer) => racer);
  await Promise.all(racers.map(() => trials.findOne({ _id: '' }))); // each gets a connection
  for (let race = 0; race < RACES; race += 1) {
    const _id = newId();
    await trials.insertOne({ _id, winner: null, filler: 'x'.repeat(RACED_OVER) });
    const won = await Promise.all(
      racers.map((racer) => trials.updateOne({ _id, winner: null }, { $set: { winner: racer } })),
    );
    await trials.deleteOne({ _id });
    const winners = won.filter(({ matchedCount }) => matchedCount).length;
    if (winners > 1)
      throw new MongoUnavailable(
        `${name} is ${server} and cannot keep jobs: of ${RACERS} clients that updated one document on condition, ${winners} won and not one, so that jobs would run twice; FerretDB 1.x as it is published does that, and MongoDB 4.4 or newer does not.`,
      );
  }
}
