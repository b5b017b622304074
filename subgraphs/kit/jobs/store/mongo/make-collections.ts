import { MongoServerError, type CreateCollectionOptions, type IndexDescriptionInfo } from 'mongodb';
import type { MongoJobs } from './mongo-jobs-database.js';
import { MongoUnavailable } from './mongo-unavailable.js';

type Keys = Readonly<Record<string, 1 | -1>>;

const NOT_THERE = 26;
const EXISTS = 48;

/**
 * Hints only: old ones make room for new ones, and nobody misses them. FerretDB 1.x reads all of such a collection every 10 ms
 * for each who waits for more of it, so there it is short.
 */
const hints = (isFerretdb: boolean): Readonly<Record<string, CreateCollectionOptions>> => ({
  wakes: { capped: true, size: 1_024 ** 2, max: isFerretdb ? 100 : 1_000 },
  changes: { capped: true, size: 4 * 1_024 ** 2, max: isFerretdb ? 100 : 4_000 },
});

/** What each collection is looked up by, beside `_id`. */
const INDEXES: Readonly<Record<string, Readonly<Record<string, Keys>>>> = {
  jobs: {
    // The pick: of one name, tenant by tenant, each tenant's by priority and age.
    pick: { state: 1, name: 1, tenant: 1, priority: -1, runAt: 1, _id: 1 },
    due: { state: 1, wakeAt: 1 },
    // Who waits for a job that ends.
    waits: { waits: 1 },
    // Pages for operators, and retention: each has all that a page can be narrowed to in front of the id.
    by_state: { state: 1, _id: 1 },
    by_name: { name: 1, state: 1, _id: 1 },
    by_tenant: { tenant: 1, name: 1, state: 1, _id: 1 },
    by_schedule: { schedule: 1, state: 1, _id: 1 },
    // The oldest of a product and state, and what was given up lately.
    by_age: { state: 1, product: 1, runAt: 1 },
    finished: { state: 1, finishedAt: 1 },
    // What ended within an hour is read once, by operations.
    ended: { lastEndedAt: 1 },
  },
  firings: { by_due: { schedule: 1, due: 1 } },
};

/** Makes what is not there yet; two who do that at once do no harm. Throws `MongoUnavailable` for an index that is another. */
export async function makeCollections(db: MongoJobs, { isFerretdb }: { readonly isFerretdb: boolean }): Promise<void> {
  const there = new Map(
    (await db.database.listCollections({}, { nameOnly: false }).toArray()).map(({ name, options }) => [
      name,
      options?.['capped'] === true,
    ]),
  );
  await Promise.all(
    Object.entries(hints(isFerretdb)).map(async ([name, options]) => {
      // Somebody wrote to it before it was made.
      if (there.get(name) === false) await unless(NOT_THERE, () => db.database.dropCollection(name));
      if (there.get(name) !== true) await createCollection(db, name, options);
    }),
  );
  await Promise.all(
    Object.entries(INDEXES).map(async ([collection, indexes]) => {
      if (!there.has(collection)) await createCollection(db, collection, {});
      await makeIndexes(db, collection, indexes);
    }),
  );
}

/** Unless it is there. */
export async function createCollection(db: MongoJobs, name: string, options: CreateCollectionOptions): Promise<void> {
  await unless(EXISTS, () => db.database.createCollection(name, options));
}

/** Who does the same at once was first. */
async function unless(code: number, work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof MongoServerError) || error.code !== code) throw error;
  }
}

async function makeIndexes(db: MongoJobs, collection: string, indexes: Readonly<Record<string, Keys>>): Promise<void> {
  const there = await db.database.collection(collection).listIndexes().toArray();
  const missing = Object.entries(indexes).filter(([name, keys]) => !isThere(db, collection, name, keys, there));
  if (!missing.length) return;
  await db.database.collection(collection).createIndexes(missing.map(([name, key]) => ({ name, key })));
}

/** What `makeCollections` would make: names of collections, and `collection.index`. Throws as that does. */
export async function missingCollections(db: MongoJobs): Promise<readonly string[]> {
  const there = new Set((await db.database.listCollections({}, { nameOnly: true }).toArray()).map(({ name }) => name));
  const missing = [...Object.keys(hints(false)), ...Object.keys(INDEXES)].filter((name) => !there.has(name));
  for (const [collection, indexes] of Object.entries(INDEXES)) {
    if (!there.has(collection)) continue;
    const found = await db.database.collection(collection).listIndexes().toArray();
    const lacking = Object.entries(indexes).filter(([name, keys]) => !isThere(db, collection, name, keys, found));
    missing.push(...lacking.map(([name]) => `${collection}.${name}`));
  }
  return missing;
}

/** Under whatever name. */
function isThere(
  db: MongoJobs,
  collection: string,
  name: string,
  keys: Keys,
  there: readonly IndexDescriptionInfo[],
): boolean {
  const same = there.find(({ key }) => textOf(key) === textOf(keys));
  const other = same ? (isPlain(same) ? undefined : same) : there.find((index) => index.name === name);
  if (!other) return same !== undefined;
  throw new MongoUnavailable(
    `The index "${other.name}" of collection "${collection}" in database "${db.database.databaseName}" is not the one that jobs need, ${textOf(keys)}, but ${textOf(other.key)}${isPlain(other) ? '' : ' with conditions of its own'}: drop it there, db.${collection}.dropIndex("${other.name}"), and start again.`,
  );
}

/** It has every document, and refuses none. */
const isPlain = ({ unique, sparse, partialFilterExpression, expireAfterSeconds }: IndexDescriptionInfo): boolean =>
  !unique && !sparse && !partialFilterExpression && expireAfterSeconds === undefined;

/** In the order of the keys, which counts. */
const textOf = (keys: IndexDescriptionInfo['key']): string =>
  `{${Object.entries(keys)
    .map(([field, order]) => `${field}: ${String(order)}`)
    .join(', ')}}`;
