import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  checkMongoJobs,
  openJobDesk,
  openJobRuns,
  openJobStore,
  type JobDesk,
  type JobScope,
} from '@inevitable/kit/host';
import { createTestMongoDatabase, until } from '@inevitable/kit/testing';
import { pino } from 'pino';
import type { JobDocument, RunDocument } from '../../../subgraphs/kit/jobs/store/mongo/job-documents.js';
import { openMongoJobs, type MongoJobs } from '../../../subgraphs/kit/jobs/store/mongo/mongo-jobs-database.js';
import { retryDead } from '../../../subgraphs/kit/jobs/store/mongo/steer-jobs.js';
import { retryManyDead } from '../../../subgraphs/kit/jobs/store/retry-many-dead.js';
import { JobCable } from '../../support/job-cable.js';
import { describeJobDesk } from './describe-job-desk.js';
import { describeJobRuns } from './describe-job-runs.js';
import { idOf, storedJob, WORKER, type JobDeskUnderTest, type StoredJob, type StoredRun } from './stored-jobs.js';

const silent = pino({ level: 'silent' });

interface MongoDeskUnderTest extends JobDeskUnderTest {
  readonly db: MongoJobs;
  /** Through the cable that is cut; it gives up a server that is not there soon. */
  readonly openAnother: () => Promise<JobDesk>;
}

async function openMongo(): Promise<MongoDeskUnderTest> {
  const test = createTestMongoDatabase();
  await checkMongoJobs(test.url);
  const db = openMongoJobs(test.url);
  const cable = await JobCable.to(test.url);
  const impatient = new URL(cable.url);
  impatient.searchParams.set('serverSelectionTimeoutMS', '300');
  const desk = await openJobDesk(cable.url, silent);
  const runs = await openJobRuns(test.url);
  const store = await openJobStore(test.url, silent);
  const collections = [db.jobs, db.onceKeys, db.turns, db.definitions, db.schedules, db.firings, db.workers];
  return {
    db,
    openAnother: () => openJobDesk(impatient.href, silent),
    desk,
    runs,
    store,
    async write(jobs) {
      await db.jobs.deleteMany({});
      if (jobs.length) await db.jobs.insertMany(jobs.map(documentOf));
    },
    states: async () =>
      (await db.jobs.find({}, { sort: { _id: 1 } }).toArray()).map(({ _id, state }) => ({
        id: _id,
        state: state as StoredJob['state'],
      })),
    everything: async () => [await db.jobs.find().toArray(), await db.schedules.find().toArray()],
    async advance({ seconds }) {
      await db.clock.updateOne({ _id: 'clock' }, { $inc: { aheadMs: seconds * 1_000 } }, { upsert: true });
    },
    cut: () => cable.cut(),
    mend: () => cable.mend(),
    async empty() {
      for (const collection of collections) await collection.deleteMany({});
      await db.clock.deleteMany({});
    },
    async close() {
      await Promise.all([desk.close(), runs.close(), store.close(), db.close()]);
      cable.close();
      await test.drop();
    },
  };
}

const documentOf = ({ id, tenantId, finishedAt, after, runs, ...job }: StoredJob): JobDocument => ({
  ...job,
  _id: id,
  product: job.name.split('.')[0]!,
  tenant: tenantId ?? '',
  payload: '{}',
  correlationId: 'c',
  trace: null,
  onceKey: null,
  priority: 0,
  fansOut: false,
  wakeAt: null,
  worker: WORKER,
  progress: null,
  note: null,
  finishedAt,
  cancelledAfter: null,
  after,
  waits: after,
  isLost: job.state === 'dead' && after.length > 0,
  isReturning: false,
  returns: 0,
  runs: Object.fromEntries(runs.map((run) => [`f${run.fence}`, runDocumentOf(run)])),
  lastEndedAt: runs.reduce<Date | null>(
    (last, { endedAt }) => (endedAt && (!last || endedAt > last) ? endedAt : last),
    null,
  ),
});

const runDocumentOf = ({ log, ...run }: StoredRun): RunDocument => ({
  ...run,
  log: log.map((message) => ({ at: run.startedAt.toISOString(), level: 'info', message })),
});

// Fewer than on PostgreSQL: the server without MongoDB's own indexes looks at every document for every query.
describeJobDesk('MongoDB', openMongo, { paged: 50, steered: 10, dead: 50 });
describeJobRuns('MongoDB', openMongo, 30);

describe('The desk on MongoDB alone', () => {
  const ALL: JobScope = { kind: 'all' };
  const ACME = '00000000-0000-8000-8000-00000000acc0';
  let under: MongoDeskUnderTest;
  beforeAll(async () => {
    under = await openMongo();
  });
  beforeEach(() => under.empty());
  afterAll(() => under.close());

  it('shows and steers nothing that is still arriving, whoever asks', async () => {
    const [arriving, waiting] = [idOf(1), idOf(2)];
    await under.write([
      storedJob({ id: arriving, tenantId: ACME }),
      storedJob({ id: waiting, tenantId: ACME, state: 'blocked', after: [arriving] }),
    ]);
    await under.db.jobs.updateOne({ _id: arriving }, { $set: { state: 'arriving' } });
    const before = await under.everything();
    const { desk } = under;
    for (const scope of [ALL, { kind: 'tenant', tenantId: ACME, products: ['alpha'] } as const]) {
      for (const filter of [{}, { name: 'alpha.echo' }, { tenantId: ACME }, { product: 'alpha' }])
        expect((await desk.jobs(scope, filter, { take: 9, afterId: null })).map(({ id }) => id)).toEqual([waiting]);
      expect(await desk.job(scope, arriving)).toBeNull();
      expect(await desk.attempts(scope, [arriving])).toEqual([]);
      expect(await desk.dependencies(scope, [waiting])).toEqual([]);
      expect(await desk.retry(scope, arriving)).toBe('not found');
      expect(await desk.cancel(scope, arriving)).toBe('not found');
      expect(await desk.retryDead(scope, 'alpha.echo')).toBe(0);
    }
    expect(await desk.overview()).toMatchObject({ waiting: 1, running: 0, failed: 0 });
    expect(await under.everything()).toEqual(before);
  });

  it('takes no tenant and nothing but a text for a tenant whose jobs somebody may see', async () => {
    await under.write([storedJob({ id: idOf(1), tenantId: null }), storedJob({ id: idOf(2), tenantId: ACME })]);
    for (const tenantId of ['', { $ne: '' }, { $exists: true }] as string[]) {
      const scope: JobScope = { kind: 'tenant', tenantId, products: ['alpha'] };
      for (const filter of [{}, { tenantId }, { name: 'alpha.echo' }, { schedule: 'alpha.echo' }])
        expect(await under.desk.jobs(scope, filter, { take: 9, afterId: null })).toEqual([]);
      for (const id of [idOf(1), idOf(2)]) {
        expect(await under.desk.job(scope, id)).toBeNull();
        expect(await under.desk.cancel(scope, id)).toBe('not found');
      }
      const job = { id: idOf(3), name: 'alpha.echo', tenantId, payload: {}, correlationId: 'c', trace: null };
      if (tenantId === '')
        expect(await under.desk.run(scope, { ...job, onceKey: null, fansOut: false })).toBe('not found');
    }
  });

  it('runs as many dead jobs again as one call is to look at, and goes on with the next', async () => {
    await under.write(Array.from({ length: 23 }, (_, at) => storedJob({ id: idOf(at), state: 'dead' })));
    const limits = { together: 4, inAll: 10 };
    const retry = (afterId: string | null, most: number) => retryDead(under.db, ALL, 'alpha.echo', afterId, most);
    for (const retried of [10, 10, 3, 0]) expect(await retryManyDead(retry, limits)).toBe(retried);
  });

  it('says that it listens while somebody watches, once for all of them, and forgets who went without a word', async () => {
    const gone = { _id: 'gone', seenAt: new Date(Date.now() - 61_000) };
    await under.db.watchers.insertOne(gone);
    const leaving = new AbortController();
    await under.desk.watch(ALL, { signal: leaving.signal });
    await under.desk.watch(ALL, { signal: leaving.signal });
    const listening = await under.db.watchers.find().toArray();
    expect(listening).toEqual([{ _id: expect.not.stringMatching('gone'), seenAt: expect.any(Date) }]);
    expect(Date.now() - listening[0]!.seenAt.getTime()).toBeLessThan(30_000);
    leaving.abort();
  });

  it('that is opened while its server is away answers as soon as that is there', async () => {
    await under.write([storedJob({ id: idOf(1) })]);
    under.cut();
    const desk = await under.openAnother();
    try {
      // Twice: the driver does not look for a server again by itself that it has given up before it ever found it.
      for (let asked = 0; asked < 2; asked += 1) {
        await expect(desk.job(ALL, idOf(1))).rejects.toThrow();
        const reason: unknown = expect.stringMatching(/^MongoDB does not answer: connection/);
        expect(await desk.health()).toMatchObject({ ready: false, reason });
      }
      under.mend();
      await until('it is ready', async () => (await desk.health()).ready);
      expect((await desk.job(ALL, idOf(1)))?.id).toBe(idOf(1));
    } finally {
      await desk.close();
    }
  });
});
