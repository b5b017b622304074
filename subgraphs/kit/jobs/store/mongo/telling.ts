import { ObjectId, type Collection, type RunCommandCursor } from 'mongodb';
import type { Logger } from 'pino';
import { inParts } from '../in-parts.js';
import type { ChangeDocument, JobDocument } from './job-documents.js';
import { serverTime, type MongoJobs } from './mongo-jobs-database.js';

// Workers are woken, and who watches is told, through two capped collections that are tailed. Both are hints: what is lost
// is found by looking at intervals, or is read anew. `checkMongoJobs` makes the collections.

/** Nobody waits longer for a hint to be written. Milliseconds. */
const TOLD_WITHIN_MS = 500;
/** Of one kind; more than that cannot be told while the server does not answer. */
const HINTS_AT_MOST = 4_000;
/** Of all names in one document. */
const LISTED_BYTES = 7_000;
const CHANGES_AT_ONCE = 200;

const WATCHES_MS = 30_000;
/** For how long a process does not ask again whether anybody watches. */
const SOMEBODY_MS = 1_000;
const NOBODY_MS = 100;

const RETRY_MS = 1_000;
const ASK_EVERY_MS = 5_000;
/** How long the server holds back an empty answer; well below the time in which it has to answer. */
const AWAIT_MS = 2_000;
const READ_AT_ONCE = 100;

/** Writes hints one after the other; those that come meanwhile go together. */
class Hints<Hint> {
  readonly #write: (hints: readonly Hint[]) => Promise<void>;
  #waiting: Hint[] = [];
  #last: Promise<void> = Promise.resolve();
  #next: Promise<void> | null = null;

  constructor(write: (hints: readonly Hint[]) => Promise<void>) {
    this.#write = write;
  }

  /** Resolves when they are written, could not be, or it takes too long. */
  add(hints: Iterable<Hint>): Promise<void> {
    const told = [...hints];
    if (!told.length) return Promise.resolve();
    this.#waiting = [...this.#waiting, ...told].slice(-HINTS_AT_MOST);
    this.#next ??= this.#last = this.#last.then(() => this.#writeWaiting());
    return atMost(TOLD_WITHIN_MS, this.#next);
  }

  async #writeWaiting(): Promise<void> {
    this.#next = null;
    const hints = this.#waiting;
    this.#waiting = [];
    await this.#write(hints).catch(() => undefined);
  }
}

async function atMost(ms: number, told: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, ms)));
  await Promise.race([told, late]);
  clearTimeout(timer);
}

interface Hinted {
  readonly names: Hints<string>;
  readonly changes: Hints<ToldChange>;
}

type ToldChange = ChangeDocument['changes'][number];

const hinted = new WeakMap<MongoJobs, Hinted>();

function hintsOf(db: MongoJobs): Hinted {
  let hints = hinted.get(db);
  if (!hints) {
    const isWatched = watchedBySomebody(db);
    hints = {
      names: new Hints((names) => writeWake(db, names)),
      changes: new Hints(async (changes) => {
        if (await isWatched()) await writeChanges(db, changes);
      }),
    };
    hinted.set(db, hints);
  }
  return hints;
}

/** Workers look for jobs of these names. Never throws; holds nobody up. */
export const wakeWorkers = (db: MongoJobs, names: Iterable<string>): Promise<void> => hintsOf(db).names.add(names);

/** These jobs are not what they were a moment ago. Never throws; holds nobody up. */
export function tellWatchers(
  db: MongoJobs,
  changed: readonly Pick<JobDocument, '_id' | 'state' | 'tenant' | 'name'>[],
): Promise<void> {
  const changes = changed.flatMap(({ _id, state, tenant, name }) =>
    state === 'arriving' ? [] : [{ id: _id, state, tenant, name }],
  );
  return hintsOf(db).changes.add(changes);
}

async function writeWake(db: MongoJobs, names: readonly string[]): Promise<void> {
  const listed = [...new Set(names)];
  const isShort = listed.reduce((bytes, name) => bytes + Buffer.byteLength(name), 0) < LISTED_BYTES;
  await db.wakes.insertOne({ names: isShort ? listed : null }, { writeConcern: { w: 1 } });
}

async function writeChanges(db: MongoJobs, changes: readonly ToldChange[]): Promise<void> {
  const documents = inParts(changes, CHANGES_AT_ONCE).map((part): ChangeDocument => ({ changes: part }));
  await db.changes.insertMany(documents, { writeConcern: { w: 1 } });
}

/** A write that wakes whoever listens to anything is saved while nobody watches. */
function watchedBySomebody(db: MongoJobs): () => Promise<boolean> {
  let known = false;
  let askAgainAt = 0;
  return async () => {
    const asked = performance.now();
    if (asked < askAgainAt) return known;
    const since = new Date((await serverTime(db.database)).getTime() - WATCHES_MS);
    known = (await db.watchers.findOne({ seenAt: { $gt: since } }, { projection: { _id: 1 } })) !== null;
    askAgainAt = asked + (known ? SOMEBODY_MS : NOBODY_MS);
    return known;
  };
}

export interface TailOptions {
  /** For the log: "job notifications". */
  readonly what: string;
  readonly log: Logger;
  /** Is done before it listens and every 5 s; who tells may not know of it for a moment, which is waited for. */
  readonly ask?: () => Promise<void>;
}

export interface Tail {
  readonly state: 'connecting' | 'connected' | 'broken';
  stop(): Promise<void>;
}

/** Written to a collection by whoever begins to tail it: what is before it was there before. */
interface Mark {
  readonly _id: ObjectId;
  readonly isMark: true;
}

/**
 * Hears what is written to a capped collection from now on; null after a (re)connection, when anything may have been missed.
 * A lost connection is weather: it is told once, and it reconnects for ever while its owner polls. A half-open one is
 * found because the server answers every few seconds even if it has nothing.
 */
export function tail<Document extends object>(
  db: MongoJobs,
  collection: Collection<Document>,
  heard: (documents: readonly Document[] | null) => void,
  { what, log, ask }: TailOptions,
): Tail {
  let state: Tail['state'] = 'connecting';
  const stopping = new AbortController();

  async function listenForEver(): Promise<void> {
    while (!stopping.signal.aborted) {
      const line = new Line(db, collection, ask);
      const end = (): void => line.end();
      stopping.signal.addEventListener('abort', end, { once: true });
      try {
        await line.open();
        if (state === 'broken') log.info(`${what} are heard again`);
        state = 'connected';
        heard(null);
        for (;;) heard(await line.read());
      } catch {
        line.end();
      } finally {
        stopping.signal.removeEventListener('abort', end);
      }
      if (stopping.signal.aborted) return;
      if (state === 'connected') log.warn(`${what} broke; polling until they are back`);
      state = 'broken';
      await pause(RETRY_MS, stopping.signal);
    }
  }

  const listening = listenForEver();
  return {
    get state() {
      return state;
    },
    async stop() {
      stopping.abort();
      await listening;
    },
  };
}

/** One cursor, as long as it lasts. Whatever it waits for, `end` ends. */
class Line<Document extends object> {
  readonly #collection: Collection<Document>;
  readonly #ask: (() => Promise<void>) | undefined;
  readonly #cursor: RunCommandCursor;
  readonly #ended: Promise<never>;
  #end: () => void = () => undefined;
  #asking: NodeJS.Timeout | undefined;
  #isOver = false;

  constructor(db: MongoJobs, collection: Collection<Document>, ask: (() => Promise<void>) | undefined) {
    this.#collection = collection;
    this.#ask = ask;
    // FerretDB 1.x closes a cursor whose first answer has fewer documents than it was asked for.
    this.#cursor = db.database
      .runCursorCommand({ find: collection.collectionName, tailable: true, awaitData: true, batchSize: 1 })
      .setBatchSize(READ_AT_ONCE)
      .setMaxTimeMS(AWAIT_MS);
    this.#ended = new Promise<never>((_, reject) => (this.#end = () => reject(new Error('The line was ended.'))));
    this.#ended.catch(() => undefined);
  }

  /** Resolves once nothing that is written from now on is missed. */
  open(): Promise<void> {
    return this.#unlessEnded(this.#open());
  }

  /** One document or more. */
  read(): Promise<readonly Document[]> {
    return this.#unlessEnded(this.#read());
  }

  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearInterval(this.#asking);
    this.#end();
    // The server may hold back its answer; nobody waits for it.
    void this.#cursor.close().catch(() => undefined);
  }

  async #open(): Promise<void> {
    await this.#ask?.();
    const asked = performance.now();
    const { capped } = (await this.#collection.options()) as { readonly capped?: boolean };
    // A cursor on any other collection ends at the last document, and the mark would stay.
    if (!capped) throw new Error(`"${this.#collection.collectionName}" is not a capped collection.`);
    const mark: Mark = { _id: new ObjectId(), isMark: true };
    await this.#collection.insertOne(mark as never, { writeConcern: { w: 1 } });
    for (;;) {
      const document = (await this.#cursor.tryNext()) as Partial<Mark> | null;
      // The end of the collection is as good: the mark has gone already where very much is written.
      if (!document || document._id?.equals(mark._id)) break;
    }
    if (!this.#ask) return;
    await pause(asked + NOBODY_MS - performance.now());
    if (this.#isOver) return;
    this.#asking = setInterval(() => void this.#ask!().catch(() => this.end()), ASK_EVERY_MS);
  }

  async #read(): Promise<readonly Document[]> {
    for (;;) {
      const first = (await this.#cursor.next()) as Document | null;
      if (!first) throw new Error('The server closed the cursor.');
      const documents = [first, ...(this.#cursor.readBufferedDocuments() as Document[])];
      const told = documents.filter((document) => !('isMark' in document));
      if (told.length) return told;
    }
  }

  #unlessEnded<T>(work: Promise<T>): Promise<T> {
    work.catch(() => undefined); // whoever ended the line does not wait for it any more
    return Promise.race([work, this.#ended]);
  }
}

/** Ends early when the signal aborts. */
function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    function done(): void {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    }
    signal?.addEventListener('abort', done, { once: true });
    if (signal?.aborted) done();
  });
}
