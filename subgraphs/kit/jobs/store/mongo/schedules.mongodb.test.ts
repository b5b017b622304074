import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { JobRecord } from '@inevitable/contract';
import type { Collection } from 'mongodb';
import { createTestMongoDatabase, type TestMongoDatabase } from '../../../testing/test-mongo-database.js';
import { derivedId } from '../../runner/job-ids.js';
import type { DeclaredDefinition, ScheduleFiring } from '../job-store.js';
import { checkMongoJobs } from './check-mongo-jobs.js';
import { insertJobs } from './insert-jobs.js';
import type { JobDocument, ScheduleDocument } from './job-documents.js';
import { openMongoJobs, type MongoJobs } from './mongo-jobs-database.js';
import {
  declareDefinitions,
  dueSchedules,
  finishFirings,
  fireSchedule,
  pauseSchedule,
  purgeFirings,
  resumeSchedule,
} from './schedules.js';
import { settleJobs } from './settle-jobs.js';
import { declareWorker, leave, liveWorkers, seen } from './workers.js';

const NAME = 'alpha.nightly';
// To come: no test is about the time it runs at.
const ONE = new Date('2099-01-01T01:00:00Z');
const TWO = new Date('2099-01-01T02:00:00Z');
const THREE = new Date('2099-01-01T03:00:00Z');

let test: TestMongoDatabase;
let db: MongoJobs;
beforeAll(async () => {
  test = createTestMongoDatabase();
  await checkMongoJobs(test.url);
  db = openMongoJobs(test.url);
});
afterAll(async () => {
  await db.close();
  await test.drop();
});
afterEach(empty);

async function empty(): Promise<void> {
  const { jobs, onceKeys, definitions, schedules, firings, workers, clock } = db;
  await Promise.all([jobs, onceKeys, definitions, schedules, firings, workers, clock].map((all) => all.deleteMany({})));
}

const insertInto = (store: MongoJobs) => (records: readonly JobRecord[]) => insertJobs(store, records);

const defined = (name: string, cron: string | null, timezone = 'UTC'): DeclaredDefinition => ({
  name,
  product: name.split('.', 1)[0]!,
  declared: { queue: 'default', 'a.b': { $c: 1 } },
  cron,
  timezone: cron === null ? null : timezone,
});

async function isScheduled(change: Partial<ScheduleDocument> = {}): Promise<void> {
  const some = { cron: '0 * * * *', timezone: 'UTC', lastDue: null, missed: 0, pausedAt: null, firing: null };
  await db.schedules.insertOne({ _id: NAME, nextDue: ONE, ...some, ...change });
}

const jobAt = (due: Date, onceKey: string | null): JobRecord => ({
  id: derivedId(due, NAME),
  name: NAME,
  tenantId: null,
  payload: {},
  correlationId: 'c',
  trace: null,
  onceKey,
  priority: 0,
  runAt: due.toISOString(),
  after: [],
  fansOut: false,
  schedule: NAME,
});

const firingOf = (dues: readonly Date[], change: Partial<ScheduleFiring> = {}): ScheduleFiring => ({
  schedule: NAME,
  cron: '0 * * * *',
  timezone: 'UTC',
  expected: ONE,
  next: THREE,
  missed: 4,
  runs: dues.map((due) => ({ due, job: jobAt(due, null) })),
  ...change,
});

const schedule = (): Promise<ScheduleDocument | null> => db.schedules.findOne({ _id: NAME });
const jobs = async (): Promise<string[]> => (await db.jobs.find().toArray()).map(({ _id }) => _id).sort();
const dues = async (): Promise<{ due: Date; job: string | null }[]> =>
  (await db.firings.find().toArray())
    .map(({ due, job }) => ({ due, job }))
    .sort((one, other) => one.due.getTime() - other.due.getTime());
const secondsAfter = (date: Date, seconds: number): Date => new Date(date.getTime() + seconds * 1_000);

describe('A worker', () => {
  it('is live for 30 s after it was last heard of, by the store’s clock, and until it leaves', async () => {
    await declareWorker(db, 'one', ['alpha.a']);
    await declareWorker(db, 'two', []);
    const { startedAt } = (await db.workers.findOne({ _id: 'one' }))!;
    const live = async (seconds: number) =>
      (await liveWorkers(db, secondsAfter(startedAt, seconds))).map(({ _id }) => _id);
    expect(await live(29)).toEqual(['one', 'two']);
    await db.clock.insertOne({ _id: 'clock', aheadMs: 20_000 });
    await seen(db, 'one');
    expect(await live(49)).toEqual(['one']);
    await leave(db, 'one');
    await seen(db, 'one'); // its last renewal comes late
    expect(await live(0)).toEqual(['two']);
  });

  it('is known with its definitions however often it says so, and is forgotten a day after it was lost', async () => {
    await declareWorker(db, 'lost', []);
    await db.clock.insertOne({ _id: 'clock', aheadMs: 86_401_000 });
    await declareWorker(db, 'one', ['alpha.a']);
    await declareWorker(db, 'one', ['alpha.a', 'alpha.b']);
    expect(await db.workers.find().toArray()).toEqual([
      { _id: 'one', names: ['alpha.a', 'alpha.b'], startedAt: expect.any(Date), seenAt: expect.any(Date) },
    ]);
  });
});

describe('A declaration', () => {
  it('keeps what the code says, and when a schedule comes due as long as its times are the same', async () => {
    await declareDefinitions(db, [defined(NAME, '0 * * * *'), defined('alpha.plain', null)]);
    const fresh = { _id: NAME, cron: '0 * * * *', timezone: 'UTC', nextDue: null, lastDue: null, missed: 0 };
    expect(await db.schedules.find().toArray()).toEqual([{ ...fresh, pausedAt: null, firing: null }]);
    expect(JSON.parse((await db.definitions.findOne({ _id: 'alpha.plain' }))!.declared)).toEqual({
      queue: 'default',
      'a.b': { $c: 1 },
    });

    const state = { nextDue: TWO, lastDue: ONE, missed: 3, pausedAt: null, firing: null };
    await db.schedules.updateOne({ _id: NAME }, { $set: state });
    await declareDefinitions(db, [defined(NAME, '0 * * * *')]);
    expect(await schedule()).toEqual({ ...fresh, ...state });
    await declareDefinitions(db, [defined(NAME, '0 * * * *', 'Europe/Berlin')]);
    expect(await schedule()).toEqual({ ...fresh, ...state, timezone: 'Europe/Berlin', nextDue: null });
  });

  it('without a schedule removes the one there was, and what had come due by then is run', async () => {
    const due = { at: ONE, runs: [{ due: ONE, job: JSON.stringify(jobAt(ONE, null)) }] };
    await isScheduled({ nextDue: TWO, lastDue: ONE, firing: due });
    await declareDefinitions(db, [defined(NAME, null)]);
    expect([await schedule(), await jobs(), await dues()]).toEqual([null, [derivedId(ONE, NAME)], []]);
  });

  it('may come from many workers at once', async () => {
    const all = [defined(NAME, '0 * * * *'), defined('alpha.plain', null), defined('alpha.other', '1 * * * *')];
    await Promise.all(Array.from({ length: 6 }, () => declareDefinitions(db, all)));
    expect((await db.schedules.find().toArray()).map(({ _id }) => _id).sort()).toEqual([NAME, 'alpha.other'].sort());
    expect(await db.definitions.countDocuments()).toBe(3);
  });
});

describe('What has come due', () => {
  it('is told of schedules that are not paused, with how long nothing else will', async () => {
    await isScheduled();
    const other = { cron: '1 * * * *', timezone: 'UTC', lastDue: null, missed: 0, pausedAt: null, firing: null };
    await db.schedules.insertMany([
      { _id: 'alpha.new', nextDue: null, ...other },
      { _id: 'alpha.later', nextDue: TWO, ...other },
      { _id: 'alpha.paused', nextDue: null, ...other, pausedAt: ONE },
    ]);
    const told = await dueSchedules(db, ONE);
    expect({ ...told, due: [...told.due].sort((a, b) => (a.name < b.name ? -1 : 1)) }).toEqual({
      due: [
        { name: 'alpha.new', nextDue: null, cron: '1 * * * *', timezone: 'UTC' },
        { name: NAME, nextDue: ONE, cron: '0 * * * *', timezone: 'UTC' },
      ],
      nextWakeMs: 3_600_000,
    });
    expect(await dueSchedules(db, TWO)).toMatchObject({ due: { length: 3 }, nextWakeMs: null });
  });

  it('is fired once, with what the schedule is from then on', async () => {
    await isScheduled();
    const insert = insertInto(db);
    const both = firingOf([TWO, ONE]);
    const fired = await Promise.all(Array.from({ length: 5 }, () => fireSchedule(db, both, insert)));
    expect(fired.filter(Boolean)).toHaveLength(1);
    expect(await schedule()).toMatchObject({ nextDue: THREE, lastDue: TWO, missed: 4, firing: null });
    expect(await jobs()).toEqual([derivedId(ONE, NAME), derivedId(TWO, NAME)]);
    expect(await dues()).toEqual([
      { due: ONE, job: derivedId(ONE, NAME) },
      { due: TWO, job: derivedId(TWO, NAME) },
    ]);
  });

  it('is skipped while the run before is open, and stays skipped', async () => {
    await isScheduled();
    const keyed = firingOf([ONE, TWO], {
      runs: [ONE, TWO].map((due) => ({ due, job: jobAt(due, 'schedule') })),
    });
    await fireSchedule(db, keyed, insertInto(db));
    expect(await jobs()).toEqual([derivedId(ONE, NAME)]);
    expect(await dues()).toEqual([
      { due: ONE, job: derivedId(ONE, NAME) },
      { due: TWO, job: null },
    ]);
  });

  it('is fired neither of a paused schedule, nor of other times than were told, nor twice', async () => {
    await isScheduled();
    const insert = insertInto(db);
    for (const other of [{ expected: TWO }, { expected: null }, { cron: '1 * * * *' }, { timezone: 'Europe/Berlin' }])
      expect(await fireSchedule(db, firingOf([ONE], other), insert)).toBe(false);
    expect(await pauseSchedule(db, NAME)).toBe(true);
    expect(await fireSchedule(db, firingOf([ONE]), insert)).toBe(false);
    expect(await fireSchedule(db, firingOf([ONE], { expected: null }), insert)).toBe(false);
    expect([await jobs(), await dues()]).toEqual([[], []]);
    expect(await schedule()).toMatchObject({ nextDue: null, missed: 0, pausedAt: expect.any(Date) });
  });

  it('is not caught up with after a pause, of which the workers hear the end', async () => {
    await isScheduled();
    expect(await pauseSchedule(db, NAME)).toBe(true);
    const { pausedAt } = (await schedule())!;
    expect(await pauseSchedule(db, NAME)).toBe(true);
    expect(await schedule()).toMatchObject({ pausedAt, nextDue: null });
    expect(await resumeSchedule(db, NAME)).toBe(true);
    expect(await schedule()).toMatchObject({ pausedAt: null, nextDue: null });
    expect((await db.wakes.find().toArray()).at(-1)).toMatchObject({ names: [NAME] });
    expect([await pauseSchedule(db, 'alpha.unknown'), await resumeSchedule(db, 'alpha.unknown')]).toEqual([
      false,
      false,
    ]);
  });

  it('is remembered as long as jobs are', async () => {
    await isScheduled();
    await fireSchedule(db, firingOf([ONE, TWO]), insertInto(db));
    await purgeFirings(db, TWO);
    expect(await dues()).toEqual([{ due: TWO, job: derivedId(TWO, NAME) }]);
  });
});

const WRITES = new Set(['insertOne', 'insertMany', 'updateOne', 'bulkWrite', 'findOneAndUpdate', 'deleteMany']);

/** A worker's connection that is asked before each of its writes, but for hints. */
function asking(beforeWrite: () => Promise<void>): MongoJobs {
  const through = <Document extends object>(collection: Collection<Document>): Collection<Document> =>
    new Proxy(collection, {
      get(target, property) {
        const method = Reflect.get(target, property) as unknown;
        if (typeof method !== 'function') return method;
        if (!WRITES.has(String(property))) return method.bind(target);
        return async (...values: unknown[]) => {
          await beforeWrite();
          return (await method.apply(target, values)) as unknown;
        };
      },
    });
  const { onceKeys, schedules, firings } = db;
  return {
    ...db,
    onceKeys: through(onceKeys),
    schedules: through(schedules),
    firings: through(firings),
    jobs: through(db.jobs),
  };
}

class Died extends Error {}
const unlessDied = (error: unknown): void => {
  if (!(error instanceof Died)) throw error;
};

/** One that dies before its n-th write. */
function dyingAt(write: number): { readonly store: MongoJobs; readonly died: () => boolean } {
  let writes = 0;
  const store = asking(() => {
    writes += 1;
    return writes < write ? Promise.resolve() : Promise.reject(new Died());
  });
  return { store, died: () => writes >= write };
}

/** Whatever has begun to run meanwhile has ended. */
async function endAll(): Promise<void> {
  const open = await db.jobs.find({ state: { $in: ['ready', 'scheduled'] } }).toArray();
  await db.jobs.updateMany({ _id: { $in: open.map(({ _id }) => _id) } }, { $set: { state: 'succeeded' } });
  await settleJobs(
    db,
    open.map((job): JobDocument => ({ ...job, state: 'succeeded' })),
  );
}

const both = (onceKey: string | null): ScheduleFiring =>
  firingOf([], { runs: [ONE, TWO].map((due) => ({ due, job: jobAt(due, onceKey) })) });

/** Each due time was decided once: it has a job, or was skipped. */
async function expectBothOnce(onceKey: string | null): Promise<void> {
  const [inserted, decided] = [await jobs(), await dues()];
  expect(await schedule()).toMatchObject({ nextDue: THREE, lastDue: TWO, missed: 4, firing: null });
  expect(decided.map(({ due }) => due)).toEqual([ONE, TWO]);
  expect(decided.flatMap(({ job }) => job ?? [])).toEqual(inserted);
  expect(inserted).toContain(derivedId(ONE, NAME));
  if (onceKey === null) expect(inserted).toContain(derivedId(TWO, NAME));
}

describe('A worker that fires a schedule', () => {
  it.each([
    { of: 'runs that overlap', onceKey: null },
    { of: 'runs that are skipped while one is open', onceKey: 'schedule' },
  ])('may die before any of its writes, and of $of no due time is lost and none is run twice', async ({ onceKey }) => {
    let hasSurvived = false;
    for (let write = 1; !hasSurvived; write += 1) {
      await empty();
      await isScheduled();
      const { store, died } = dyingAt(write);
      await fireSchedule(store, both(onceKey), insertInto(store)).catch(unlessDied);
      hasSurvived = !died();
      if (write % 2) await endAll();
      // The others look for it at once and again later, and fire what was not begun.
      const now = await db.now();
      await finishFirings(db, now, insertInto(db));
      await Promise.all([1, 2].map(() => finishFirings(db, secondsAfter(now, 6), insertInto(db))));
      const isBegun = (await schedule())!.lastDue !== null;
      expect(await fireSchedule(db, both(onceKey), insertInto(db))).toBe(!isBegun);
      await expectBothOnce(onceKey);
      await endAll();
      await finishFirings(db, secondsAfter(now, 60), insertInto(db));
      await expectBothOnce(onceKey);
    }
  });

  it('may freeze at any of its writes and wake up when others have gone on and the jobs have run', async () => {
    let hasSurvived = false;
    for (let write = 1; !hasSurvived; write += 1) {
      await empty();
      await isScheduled();
      let writes = 0;
      let thaw = (): void => undefined;
      const thawed = new Promise<void>((resolve) => (thaw = resolve));
      let freeze = (): void => undefined;
      const frozen = new Promise<void>((resolve) => (freeze = resolve));
      const store = asking(async () => {
        writes += 1;
        if (writes === write) {
          freeze();
          await thawed;
        }
      });
      const firing = fireSchedule(store, both('schedule'), insertInto(store));
      await Promise.race([frozen, firing]);
      hasSurvived = writes < write;
      await finishFirings(db, secondsAfter(await db.now(), 6), insertInto(db));
      await fireSchedule(db, both('schedule'), insertInto(db));
      await endAll();
      thaw();
      await firing;
      await expectBothOnce('schedule');
    }
  });

  it('goes on with what another one has not finished before it fires the next', async () => {
    await isScheduled();
    const { store } = dyingAt(2);
    await expect(fireSchedule(store, firingOf([ONE], { next: TWO }), insertInto(store))).rejects.toThrow(Died);
    expect(await fireSchedule(db, firingOf([TWO], { expected: TWO, missed: 0 }), insertInto(db))).toBe(true);
    expect(await jobs()).toEqual([derivedId(ONE, NAME), derivedId(TWO, NAME)]);
    await expectBothOnce(null);
  });

  it('is given 5 s for it, after which the others are to look', async () => {
    await isScheduled();
    const { store } = dyingAt(2);
    await expect(fireSchedule(store, both(null), insertInto(store))).rejects.toThrow(Died);
    const { at } = (await schedule())!.firing!;
    expect(await dueSchedules(db, at)).toEqual({ due: [], nextWakeMs: 5_000 });
    await finishFirings(db, secondsAfter(at, 4), insertInto(db));
    expect(await jobs()).toEqual([]);
    await finishFirings(db, secondsAfter(at, 5), insertInto(db));
    await expectBothOnce(null);
  });
});
