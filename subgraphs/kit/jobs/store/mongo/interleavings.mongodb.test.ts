import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { inspect } from 'node:util';
import { parseTenantId, type JobRecord } from '@inevitable/contract';
import { MongoBulkWriteError, type BulkWriteResult } from 'mongodb';
import { v7 } from 'uuid';
import { createTestMongoDatabase, type TestMongoDatabase } from '../../../testing/test-mongo-database.js';
import { until } from '../../../testing/until.js';
import type { JobScope } from '../job-desk.js';
import type { ClaimedJob, LogLine } from '../job-store.js';
import { checkMongoJobs } from './check-mongo-jobs.js';
import { claimJobs } from './claim-jobs.js';
import { eraseTenant } from './erase-tenant.js';
import { insertJobs } from './insert-jobs.js';
import { onceKeyId, runKey, type JobDocument, type RunDocument } from './job-documents.js';
import { lookAtJobs } from './look.js';
import { openMongoJobs, type MongoJobs } from './mongo-jobs-database.js';
import { insertMissing } from './once-keys.js';
import { purgeJobs } from './purge-jobs.js';
import { endRuns, releaseOthers, withLog } from './run-writes.js';
import { cancelJob, retryJob } from './steer-jobs.js';

const NAME = 'alpha.echo';
const KEY = 'key';
const ALL: JobScope = { kind: 'all' };
const DAY_MS = 86_400_000;

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
beforeEach(async () => {
  const { jobs, onceKeys, claims, turns, clock } = db;
  await Promise.all([jobs, onceKeys, claims, turns, clock].map((all) => all.deleteMany({})));
});

const record = (job: Partial<JobRecord> = {}): JobRecord => ({
  id: v7(),
  name: NAME,
  tenantId: null,
  payload: {},
  correlationId: 'test',
  trace: null,
  onceKey: null,
  priority: 0,
  runAt: null,
  after: [],
  ...job,
});

const keyed = (job: Partial<JobRecord> = {}): JobRecord => record({ onceKey: KEY, ...job });

async function insert(job: JobRecord, by = db): Promise<string> {
  await insertJobs(by, [job]);
  return job.id;
}

const claim = (worker = 'one', by = db): Promise<readonly ClaimedJob[]> =>
  claimJobs(by, {
    worker,
    leaseMs: 15_000,
    wanted: [{ name: NAME, room: 10, perTenant: null, perProduct: null, share: null, afterTenant: null }],
  });

async function die(by = db): Promise<void> {
  const ends = (await claim()).map(({ id, fence }) => ({ id, fence, outcome: 'failed' as const, waitMs: null }));
  await endRuns(by, ends);
}

const advance = (ms: number) => db.clock.updateOne({ _id: 'clock' }, { $inc: { aheadMs: ms } }, { upsert: true });
const stateOf = async (id: string) => (await db.jobs.findOne({ _id: id }))?.state ?? null;

/** The key is as whoever ended its job has left it who was lost then. */
const leaveKey = (job: string) => db.onceKeys.insertOne({ _id: onceKeyId(NAME, '', KEY), job, returns: 0 });

/** Open jobs with the key of `keyed`: there may be one. */
const openOnes = () =>
  db.jobs.countDocuments({ onceKey: KEY, state: { $in: ['blocked', 'scheduled', 'ready', 'running'] } });

type Named = 'jobs' | 'onceKeys' | 'claims';

/**
 * The store as a process has it that stands still just before its first call of one of these methods, while others do
 * something. Where that throws, the call is never made.
 */
function heldUp(at: Named, methods: readonly string[], meanwhile: () => Promise<unknown>): MongoJobs {
  let wasHeld = false;
  const collection = new Proxy(db[at] as object, {
    get(target, property) {
      const value: unknown = Reflect.get(target, property, target);
      if (typeof value !== 'function') return value;
      const method = value.bind(target) as (...given: unknown[]) => unknown;
      if (wasHeld || !methods.includes(String(property))) return method;
      return async (...given: unknown[]) => {
        if (!wasHeld) {
          wasHeld = true;
          await meanwhile();
        }
        return method(...given);
      };
    },
  });
  return { ...db, [at]: collection };
}

const killed = () => Promise.reject(new Error('It was killed.'));

describe('A key', () => {
  it('stays with a job that is run again before whoever ended it has given it back', async () => {
    const id = await insert(keyed());
    await die(heldUp('onceKeys', ['bulkWrite'], () => retryJob(db, ALL, id)));

    await insert(keyed());

    expect(await stateOf(id)).toBe('ready');
    expect(await openOnes()).toBe(1);
  });

  it('is not taken over from a job that is run again just then', async () => {
    const id = await insert(keyed());
    await die();
    await leaveKey(id);

    await insert(
      keyed(),
      heldUp('onceKeys', ['updateOne'], async () => expect(await retryJob(db, ALL, id)).toBe('retried')),
    );

    expect(await openOnes()).toBe(1);
  });

  it('stays with a job that is run again while a purge looks at it', async () => {
    const id = await insert(keyed());
    await die();
    await advance(2 * DAY_MS);
    const purging = heldUp('jobs', ['deleteMany'], () => retryJob(db, ALL, id));
    // By the moved clock the job is old; its id is of today.
    expect(await purgeJobs(purging, DAY_MS, 10)).toBe(0);

    await insert(keyed());

    expect(await stateOf(id)).toBe('ready');
    expect(await openOnes()).toBe(1);
  });

  it('stays with a job that another process let arrive, where the first one stood still before it dropped it', async () => {
    const holder = await insert(keyed());
    const [second, after] = [keyed(), v7()];
    const standing = heldUp('jobs', ['deleteMany', 'bulkWrite'], async () => {
      await cancelJob(db, ALL, holder);
      await insert(record({ id: after, after: [second.id] }));
      await advance(6_000);
      await lookAtJobs(db);
    });
    await insert(second, standing);

    expect([await stateOf(second.id), await stateOf(after)]).toEqual(['ready', 'blocked']);
    await insert(keyed());
    expect(await openOnes()).toBe(1);
  });

  it('is held by no job that was dropped', async () => {
    await insert(keyed());
    await insert(keyed());
    await die();
    await insert(keyed());
    expect(await openOnes()).toBe(1);
    expect(await db.jobs.countDocuments({ state: 'arriving' })).toBe(0);
  });
});

describe('A job that is run again', () => {
  it('is, by whoever looks, where the one who began it was lost', async () => {
    const id = await insert(keyed());
    await die();
    await leaveKey(id);
    await expect(retryJob(heldUp('onceKeys', ['insertMany'], killed), ALL, id)).rejects.toThrow('killed');
    await insert(keyed()); // dropped: the first one is about to be open

    await advance(6_000);
    await lookAtJobs(db);

    expect(await stateOf(id)).toBe('ready');
    expect(await openOnes()).toBe(1);
  });

  it('is not given up for what it was to run after before', async () => {
    const [first, other] = [await insert(record()), await insert(record())];
    const id = await insert(record({ after: [first, other] }));
    const standing = heldUp('jobs', ['bulkWrite'], async () => {
      await advance(31_000);
      await lookAtJobs(db);
      expect(await stateOf(id)).toBe('dead');
      expect(await retryJob(db, ALL, id)).toBe('retried');
    });
    await cancelJob(standing, ALL, first);

    expect(await stateOf(id)).toBe('blocked');
  });
});

describe('A job that waits for another', () => {
  it('is looked at ever more seldom, so that very many of them do not keep others back', async () => {
    const other = await insert(record({ runAt: '2099-01-01T00:00:00Z' }));
    const id = await insert(record({ after: [other] }));
    await advance(DAY_MS);
    await lookAtJobs(db);
    const { wakeAt } = (await db.jobs.findOne({ _id: id }))!;
    const inMs = wakeAt!.getTime() - (await db.now()).getTime();
    expect(inMs).toBeGreaterThan(500_000);
    expect(inMs).toBeLessThanOrEqual(600_000);
  });
});

describe('A claim', () => {
  it('whose answer was lost is given back whole, also what was not written yet', async () => {
    const id = await insert(record());
    await expect(claim('one', heldUp('jobs', ['bulkWrite'], killed))).rejects.toThrow('killed');

    await releaseOthers(db, 'one', []);

    expect((await claim('two')).map((job) => [job.id, job.attempt])).toEqual([[id, 1]]);
  });

  it('does not wait for a turn that was taken by the clock of another primary', async () => {
    const id = await insert(record());
    await claim('one');
    await releaseOthers(db, 'one', []);
    const busyUntil = new Date((await db.now()).getTime() + 3_600_000);
    await db.claims.updateOne({ _id: 'claims' }, { $set: { busyUntil } });

    expect((await claim('two')).map((job) => job.id)).toEqual([id]);
  });

  it('of a process that stood still in it takes nothing that others have had since', async () => {
    const id = await insert(record());
    const standing = heldUp('jobs', ['bulkWrite'], async () => {
      await claim('two'); // finishes it first
      await advance(16_000);
      await lookAtJobs(db);
      expect((await claim('two')).map((job) => job.id)).toEqual([id]);
    });

    expect(await claim('one', standing)).toEqual([]);
    expect(await db.jobs.findOne({ _id: id })).toMatchObject({ state: 'running', worker: 'two', attempts: 2 });
  });
});

describe('An end', () => {
  it('that was written and not heard of is told when it is written again, and what waited for it goes on', async () => {
    const first = await insert(keyed());
    const waiting = await insert(record({ after: [first] }));
    const [run] = await claim();
    const end = { id: first, fence: run!.fence, outcome: 'succeeded' as const };
    await expect(endRuns(heldUp('onceKeys', ['bulkWrite'], killed), [end])).rejects.toThrow('It was killed.');
    expect([await stateOf(first), await stateOf(waiting)]).toEqual(['succeeded', 'blocked']);

    expect(await endRuns(db, [end])).toEqual(new Set([first]));

    expect(await stateOf(waiting)).toBe('ready');
    expect(await endRuns(db, [{ ...end, outcome: 'failed', waitMs: null }])).toEqual(new Set());
    expect(await endRuns(db, [{ ...end, fence: end.fence + 1 }])).toEqual(new Set());
  });
});

describe('A server that was not found at first', () => {
  it('is looked for again, also after a look that did not come as far as to a server', async () => {
    const away = openMongoJobs('mongodb://127.0.0.1:1/x?serverSelectionTimeoutMS=50');
    const { client } = away.database;
    let opened = 0;
    client.on('topologyOpening', () => (opened += 1));
    await expect(away.database.command({ ping: 1 })).rejects.toThrow('ECONNREFUSED');
    const connect = jest.spyOn(client, 'connect').mockRejectedValueOnce(new Error('querySrv ENOTFOUND'));
    await until('a look has failed', () => connect.mock.calls.length === 1);
    expect(opened).toBe(1);
    await until('it looks again', () => opened > 1);
    await away.close();
  });
});

describe('A document', () => {
  const line: LogLine = { at: '2026-01-01T00:00:00Z', level: 'info', message: '語'.repeat(2_000) };
  const log = Array.from({ length: 500 }, () => line);

  it('of a job that has logged very much stays small enough: its oldest runs are forgotten', () => {
    const run = (fence: number): RunDocument => ({
      ...{ fence, attempt: fence, worker: 'one', endedAt: new Date(), outcome: 'failed', error: 'no use', log },
      startedAt: new Date(),
    });
    const runs: JobDocument['runs'] = Object.fromEntries([1, 2, 3, 4].map((fence) => [runKey(fence), run(fence)]));
    const told = { log, endedAt: new Date(), outcome: 'failed' as const, error: 'no use' };

    const { $unset } = withLog({ fence: 5, attempts: 5, worker: 'one', startedAt: new Date(), runs }, told);

    expect(Object.keys($unset ?? {}).sort()).toEqual([1, 2, 3].map((fence) => `runs.${runKey(fence)}`));
  });

  it('of a job that the store can never take is refused as such, and nothing with it is written', async () => {
    const records = [record(), record({ payload: 'x'.repeat(9 * 1024 ** 2) })];
    await expect(insertJobs(db, records)).rejects.toThrow(RangeError);
    expect(await db.jobs.countDocuments()).toBe(0);
  });

  it('that was written and not replicated is not taken for one that is there', async () => {
    const result = { getWriteConcernError: () => ({ code: 64 }) } as unknown as BulkWriteResult;
    const late = new MongoBulkWriteError({ message: 'waiting for replication timed out', code: 64 }, result);
    await expect(insertMissing({ insertMany: () => Promise.reject(late) }, [{ _id: 'a' }])).rejects.toBe(late);
  });
});

describe('Whoever steers', () => {
  it('steers the job that the scope let them read, whatever they ask with', async () => {
    const [theirs, own] = [record({ tenantId: 'b', id: v7() }), record({ tenantId: 'a', id: v7() })];
    await insertJobs(db, [theirs, own]);
    const scope: JobScope = { kind: 'tenant', tenantId: 'a', products: ['alpha'] };

    expect(await cancelJob(db, scope, { $gt: '' } as never)).toBe('cancelled');

    expect([await stateOf(theirs.id), await stateOf(own.id)]).toEqual(['ready', 'cancelled']);
  });
});

describe('A URI', () => {
  it('cannot make writes be forgotten, or read what is old', async () => {
    const uri = 'mongodb://h/a?w=0&readPreference=secondary&readConcernLevel=snapshot&retryWrites=false';
    const { jobs, close } = openMongoJobs(uri);
    expect([jobs.writeConcern?.w, jobs.readPreference?.mode, jobs.readConcern?.level]).toEqual([
      'majority',
      'primary',
      'local',
    ]);
    await close();
  });

  it('with a password is told of in no error', async () => {
    const away = openMongoJobs('mongodb://ada:geheim@127.0.0.1:1/?serverSelectionTimeoutMS=50');
    const error: unknown = await insertJobs(away, [record()]).catch((reason: unknown) => reason);
    await away.close();
    expect(inspect(error, { depth: 50, showHidden: true })).not.toContain('geheim');
  });
});

describe('A tenant that is erased', () => {
  const TENANT = parseTenantId('00000000-0000-8000-8000-000000000001');
  const OTHER = '00000000-0000-8000-8000-000000000002';
  const erase = (by = db) => eraseTenant(by, 'alpha', TENANT, 100);
  beforeEach(() => db.definitions.insertOne({ _id: NAME, product: 'alpha', declared: '{}', declaredAt: new Date(0) }));
  afterEach(() => db.definitions.deleteMany({}));

  it('has no key left where one of its jobs takes it while it is erased', async () => {
    await insert(keyed({ tenantId: TENANT }), heldUp('onceKeys', ['insertMany'], erase));

    expect(await db.jobs.countDocuments()).toBe(0);
    expect(await db.onceKeys.countDocuments()).toBe(0);
  });

  it('has no key left where one of its jobs is run again while it is erased', async () => {
    const id = await insert(keyed({ tenantId: TENANT }));
    await die();

    await retryJob(heldUp('onceKeys', ['insertMany'], erase), ALL, id);

    expect(await db.jobs.countDocuments()).toBe(0);
    expect(await db.onceKeys.countDocuments()).toBe(0);
  });

  it('is erased by the next one who tries, where one was killed when the jobs were gone', async () => {
    const id = await insert(keyed({ tenantId: TENANT }));
    await endRuns(
      db,
      (await claim()).map(({ fence }) => ({ id, fence, outcome: 'interrupted' })),
    );
    const waiting = await insert(record({ tenantId: TENANT, name: 'beta.echo', after: [id] }));

    await expect(erase(heldUp('onceKeys', ['bulkWrite'], killed))).rejects.toThrow('killed');
    expect(await db.onceKeys.countDocuments()).toBe(1);

    expect(await erase()).toEqual({ removed: 0, running: 0 });
    expect(await db.onceKeys.countDocuments()).toBe(0);
    expect(await db.turns.countDocuments()).toBe(0);
    await advance(31_000);
    await lookAtJobs(db);
    expect(await stateOf(waiting)).toBe('dead');
  });

  it('is not in what somebody claims who has seen its jobs before: others are claimed in their place', async () => {
    await insert(record({ tenantId: TENANT }));
    const others = await insert(record({ tenantId: OTHER }));

    const claimed = await claim('one', heldUp('claims', ['findOneAndReplace'], erase));

    expect(claimed.map(({ id }) => id)).toEqual([others]);
    expect((await db.turns.find().toArray()).map(({ tenant }) => tenant)).toEqual([OTHER]);
    expect((await db.claims.findOne())!.grants.map(({ tenant }) => tenant)).toEqual([OTHER]);
  });

  it('takes from nobody what a claimer had decided on who was lost then', async () => {
    await insert(record({ tenantId: TENANT }));
    const others = await insert(record({ tenantId: OTHER }));
    await expect(claim('one', heldUp('jobs', ['bulkWrite'], killed))).rejects.toThrow('killed');

    expect(await erase()).toEqual({ removed: 1, running: 0 });

    expect(await db.jobs.findOne({ _id: others })).toMatchObject({ state: 'running', worker: 'one' });
    expect((await db.claims.findOne())!.grants.map(({ tenant }) => tenant)).toEqual([OTHER]);
    expect((await db.turns.find().toArray()).map(({ tenant }) => tenant)).toEqual([OTHER]);
  });
});
