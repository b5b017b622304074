import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { parseTenantId, type JobRecord } from '@inevitable/contract';
import { openJobStore, type ClaimedJob, type EndedRun, type JobStore, type WantedJobs } from '@inevitable/kit/host';
import fc from 'fast-check';
import { pino } from 'pino';
import { v7 } from 'uuid';
import type { JobDatabase, OpenJobDatabase } from '../../support/job-database.js';
import { jobRecord, jobRecords, tenant } from '../../support/job-records.js';
import { claimModel, type ModelJob } from './claim-model.js';

const LEASE_MS = 15_000;
const JOB = 'test.job';
const DAY_S = 86_400;

export interface JobStoreSuite {
  /** What takes its time is repeated this often, of how often it is with 1. */
  readonly share?: number;
  /** Places of the worker that gives 300 tenants their turn. */
  readonly places?: number;
}

/** What every storage of jobs promises. */
export function describeJobStore(
  name: string,
  open: OpenJobDatabase,
  { share: repeated = 1, places = 4 }: JobStoreSuite = {},
): void {
  let under: JobDatabase;
  let store: JobStore;
  /** The same jobs as another process has them: with connections of its own. */
  let another: JobStore;
  beforeAll(async () => {
    under = await open();
    const opened = () => openJobStore(under.url, pino({ level: 'silent' }));
    [store, another] = await Promise.all([opened(), opened()]);
  });
  beforeEach(() => under.empty());
  afterAll(async () => {
    await Promise.all([store.close(), another.close()]);
    await under.close();
  });

  const times = (most: number): number => Math.max(2, Math.round(most * repeated));
  const ids = async (): Promise<readonly string[]> => (await under.jobs()).map(({ id }) => id);
  const firingsOf = async (schedule: string) => (await under.firings(schedule)).map(({ due, job }) => ({ due, job }));
  const insert = async (...records: readonly JobRecord[]): Promise<readonly string[]> => {
    await store.insert(records);
    return records.map(({ id }) => id);
  };
  /** One job of `JOB`, by its id. */
  const insertOne = async (record: Partial<JobRecord> = {}): Promise<string> =>
    (await insert(jobRecord({ name: JOB, ...record })))[0]!;
  const claim = (
    want: Partial<WantedJobs> = {},
    { worker = 'one', by = store }: { worker?: string; by?: JobStore } = {},
  ): Promise<readonly ClaimedJob[]> =>
    by.claim({
      worker,
      leaseMs: LEASE_MS,
      wanted: [{ name: JOB, room: 100, perTenant: null, perProduct: null, share: null, afterTenant: null, ...want }],
    });
  const claimOne = async (worker = 'one'): Promise<ClaimedJob> => {
    const [job, ...more] = await claim({ room: 1 }, { worker });
    expect(more).toEqual([]);
    return job!;
  };
  const end = async (job: ClaimedJob, ending: Omit<EndedRun, 'id' | 'fence'>): Promise<boolean> =>
    (await store.end([{ id: job.id, fence: job.fence, ...ending }])).has(job.id);
  const succeed = (job: ClaimedJob) => end(job, { outcome: 'succeeded' });
  const die = (job: ClaimedJob) => end(job, { outcome: 'failed', error: 'no use', waitMs: null });
  const stateOf = async (id: string) => (await under.job(id)).state;

  describe(`Jobs in ${name}`, () => {
    describe('An insert', () => {
      it('made twice, or by two at once, makes one job', async () => {
        const records = jobRecords(20, { name: JOB, tenantId: tenant(1), payload: { n: 1 } });
        await Promise.all([store.insert(records), another.insert([...records].reverse()), store.insert(records)]);
        await store.insert(records);
        expect(await ids()).toEqual(records.map(({ id }) => id));
      });

      it('of a job that has ended changes nothing', async () => {
        const record = jobRecord({ name: JOB, onceKey: 'k' });
        await insert(record);
        await succeed(await claimOne());
        await insert(record);
        expect(await under.job(record.id)).toMatchObject({ state: 'succeeded', attempts: 1 });
        // Nor does it hold the key of a job that is over.
        const [next] = await insert(jobRecord({ name: JOB, onceKey: 'k' }));
        expect(await stateOf(next!)).toBe('ready');
      });

      it('hands over all that the record says', async () => {
        const trace = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
        const record = jobRecord({
          name: JOB,
          tenantId: tenant(1),
          payload: { a: [1, null] },
          correlationId: 'c',
          trace,
          priority: 7,
        });
        await insert(record);
        const { fence, delayMs, ...job } = await claimOne();
        expect(job).toEqual({
          id: record.id,
          name: JOB,
          tenantId: tenant(1),
          payload: { a: [1, null] },
          correlationId: 'c',
          trace,
          priority: 7,
          fansOut: false,
          schedule: null,
          attempt: 1,
          isCancelled: false,
          error: null,
        });
        expect(fence).toBeGreaterThan(0);
        expect(delayMs).toBeGreaterThanOrEqual(0);
      });
    });

    describe('A job with a key', () => {
      const keyed = (record: Partial<JobRecord> = {}) =>
        jobRecord({ name: JOB, tenantId: tenant(1), onceKey: 'key', ...record });

      it('is one under 50 inserts at once', async () => {
        const records = Array.from({ length: 50 }, () => keyed());
        await Promise.all(records.map((record, index) => (index % 2 ? store : another).insert([record])));
        expect(await ids()).toHaveLength(1);
      });

      it('is one where a single insert brings it twice', async () => {
        await insert(keyed(), keyed(), keyed({ onceKey: 'other' }));
        expect(await ids()).toHaveLength(2);
      });

      it("is not kept back by another tenant's, another name's, or no tenant's", async () => {
        await insert(keyed(), keyed({ tenantId: tenant(2) }), keyed({ name: 'test.other' }), keyed({ tenantId: null }));
        expect(await ids()).toHaveLength(4);
      });

      it.each([
        ['succeeded', (job: ClaimedJob) => succeed(job)],
        ['was skipped', (job: ClaimedJob) => end(job, { outcome: 'skipped' })],
        ['is dead', (job: ClaimedJob) => die(job)],
        ['was cancelled while it ran', (job: ClaimedJob) => under.cancel(job.id)],
      ] as const)('makes way for the next when it %s', async (_how, finish) => {
        await insert(keyed());
        await finish(await claimOne());
        const [next] = await insert(keyed());
        expect(await stateOf(next!)).toBe('ready');
      });

      it('makes way for the next when it was cancelled while it waited', async () => {
        const [first] = await insert(keyed());
        await under.cancel(first!);
        const [next] = await insert(keyed());
        expect(await stateOf(next!)).toBe('ready');
      });

      it('makes way for the next when what it waited for did not succeed', async () => {
        const before = await insertOne({ tenantId: tenant(1) });
        const [first] = await insert(keyed({ after: [before] }));
        await die(await claimOne());
        expect(await stateOf(first!)).toBe('dead');
        const [next] = await insert(keyed());
        expect(await stateOf(next!)).toBe('ready');
      });

      it.each([
        ['a retry', (job: ClaimedJob) => end(job, { outcome: 'failed', error: 'e', waitMs: 1_000 })],
        ['a postponement', (job: ClaimedJob) => end(job, { outcome: 'postponed', waitMs: 1_000 })],
        ['being handed back', (job: ClaimedJob) => end(job, { outcome: 'interrupted' })],
        ['the loss of its worker', async () => (await under.advance({ seconds: 16 }), await store.look())],
      ] as const)('keeps the key over %s', async (_what, happen) => {
        const [first] = await insert(keyed());
        await happen(await claimOne());
        await insert(keyed());
        expect(await ids()).toEqual([first]);
      });

      it('that is dead is not retried while the next one is open', async () => {
        const [first] = await insert(keyed());
        await die(await claimOne());
        await insert(keyed());
        expect(await under.retry(first!)).toBe('taken');
        await succeed(await claimOne());
        expect(await under.retry(first!)).toBe('retried');
        expect(await under.job(first!)).toMatchObject({ state: 'ready', attempts: 0 });
      });

      it('is one open one at any time, however inserts and ends race', async () => {
        const finished: string[] = [];
        for (let round = 0; round < times(30); round += 1) {
          await insert(keyed());
          const job = await claimOne();
          await Promise.all([
            succeed(job),
            ...Array.from({ length: 4 }, (_, index) => (index % 2 ? store : another).insert([keyed()])),
          ]);
          finished.push(job.id);
          const open = (await ids()).filter((id) => !finished.includes(id));
          expect(open.length).toBeLessThanOrEqual(1);
          for (const id of open) {
            await under.cancel(id);
            finished.push(id);
          }
        }
      });
    });

    describe('A claim', () => {
      it('picks by what its tenants have running, then whose turn is longest ago, priority, due time and age, as a plain model does', async () => {
        const job = fc.record({
          tenant: fc.integer({ min: 0, max: 3 }),
          priority: fc.constantFrom(-1, 0, 5),
          age: fc.integer({ min: 0, max: 3 }),
        });
        const limit = fc.option(fc.integer({ min: 1, max: 5 }), { nil: null });
        await fc.assert(
          fc.asyncProperty(
            fc.array(job, { maxLength: 6 }),
            fc.array(job, { maxLength: 6 }),
            fc.array(job, { maxLength: 20 }),
            fc.record({ room: fc.integer({ min: 1, max: 8 }), perTenant: limit, perProduct: limit, share: limit }),
            fc.array(job, { maxLength: 6 }),
            async (here, elsewhere, ready, limits, before) => {
              await under.empty();
              const now = Date.now();
              // Tenant 0 is no tenant.
              const made = (jobs: typeof here): readonly ModelJob[] =>
                jobs.map(({ tenant: number, priority, age }) => ({
                  id: v7(),
                  tenantId: number ? tenant(number) : null,
                  priority,
                  runAt: new Date(now - 60_000 - age * 1_000).toISOString(),
                }));
              const [ended, running, others, waiting] = [made(before), made(here), made(elsewhere), made(ready)];
              const served = new Map<string | null, number>();
              for (const [worker, jobs] of [
                ['one', ended],
                ['one', running],
                ['two', others],
              ] as const) {
                await insert(...jobs.map((each) => jobRecord({ name: JOB, ...each })));
                const claimed = jobs.length ? await claim({}, { worker }) : [];
                for (const { tenantId, fence } of claimed)
                  served.set(tenantId, Math.max(fence, served.get(tenantId) ?? 0));
                if (jobs === ended) await Promise.all(claimed.map(succeed));
              }
              await insert(...waiting.map((each) => jobRecord({ name: JOB, ...each })));
              const picked = (await claim(limits)).map(({ id }) => id);
              const model = claimModel({ ready: waiting, here: running, elsewhere: others, ...limits, served });
              expect(picked.toSorted()).toEqual(model.toSorted());
            },
          ),
          { numRuns: times(60) },
        );
      });

      it('together with 19 others at once never passes a room or a limit', async () => {
        await fc.assert(
          fc.asyncProperty(
            fc.record({
              room: fc.integer({ min: 1, max: 4 }),
              perTenant: fc.option(fc.integer({ min: 1, max: 4 }), { nil: null }),
              perProduct: fc.option(fc.integer({ min: 1, max: 30 }), { nil: null }),
              share: fc.option(fc.integer({ min: 1, max: 3 }), { nil: null }),
            }),
            fc.integer({ min: 1, max: 5 }),
            async (limits, tenants) => {
              await under.empty();
              await insert(
                ...Array.from({ length: 100 }, (_, index) =>
                  jobRecord({ name: JOB, tenantId: tenant(1 + (index % tenants)) }),
                ),
              );
              const claims = await Promise.all(
                Array.from({ length: 20 }, (_, index) =>
                  claim(limits, { worker: `worker ${index}`, by: index % 2 ? store : another }),
                ),
              );
              const all = claims.flat();
              expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
              expect(new Set(all.map(({ fence }) => fence)).size).toBe(all.length);
              const most = (jobs: readonly ClaimedJob[]) =>
                Math.max(
                  ...[1, 2, 3, 4, 5].map((number) => jobs.filter(({ tenantId }) => tenantId === tenant(number)).length),
                );
              for (const jobs of claims) {
                expect(jobs.length).toBeLessThanOrEqual(limits.room);
                expect(most(jobs)).toBeLessThanOrEqual(limits.share ?? Infinity);
              }
              expect(most(all)).toBeLessThanOrEqual(limits.perTenant ?? Infinity);
              expect(all.length).toBeLessThanOrEqual(limits.perProduct ?? Infinity);
            },
          ),
          { numRuns: times(15) },
        );
      });

      it('of a shared place leaves one to the other tenants', async () => {
        await insert(...jobRecords(10, { name: JOB, tenantId: tenant(1) }));
        expect(await claim({ room: 4, share: 3 })).toHaveLength(3);
        expect(await claim({ room: 1, share: 3 })).toEqual([]);
        const quiet = await insertOne({ tenantId: tenant(2) });
        expect(await claim({ room: 1, share: 3 })).toMatchObject([{ id: quiet }]);
        // Another worker's places are its own.
        expect(await claim({ room: 4, share: 3 }, { worker: 'two' })).toHaveLength(3);
      });

      it('gives every one of more than 256 tenants its turn', async () => {
        await insert(
          ...Array.from({ length: 300 }, (_, index) =>
            jobRecords(2, { name: JOB, tenantId: tenant(index + 1) }),
          ).flat(),
        );
        const served = new Set<string | null>();
        let afterTenant: string | null = null;
        let claims = 0;
        while (served.size < 300 && claims < 150) {
          const jobs = await claim({ room: places, afterTenant });
          for (const job of jobs) served.add(job.tenantId);
          await store.end(jobs.map(({ id, fence }) => ({ id, fence, outcome: 'succeeded' })));
          afterTenant = jobs.at(-1)?.tenantId ?? null;
          claims += 1;
        }
        expect(served.size).toBe(300);
      });

      it('looks at the tenants after the one it is told of, and round again', async () => {
        const due = (seconds: number) => new Date(Date.now() - 100_000 + seconds * 1_000).toISOString();
        // The oldest wait at both ends.
        await insert(
          ...Array.from({ length: 300 }, (_, index) =>
            jobRecord({ name: JOB, tenantId: tenant(index + 1), runAt: due(index === 299 ? 0 : index + 1) }),
          ),
        );
        expect(await claim({ room: 1, afterTenant: tenant(100) })).toMatchObject([{ tenantId: tenant(300) }]);
        expect(await claim({ room: 1, afterTenant: tenant(299) })).toMatchObject([{ tenantId: tenant(1) }]);
      });

      it('takes several definitions in one go, each within its own limits, and no other', async () => {
        await insert(
          ...jobRecords(5, { name: JOB }),
          ...jobRecords(5, { name: 'test.other' }),
          ...jobRecords(5, { name: 'test.third' }),
        );
        const jobs = await store.claim({
          worker: 'one',
          leaseMs: LEASE_MS,
          wanted: [
            { name: JOB, room: 2, perTenant: null, perProduct: null, share: null, afterTenant: null },
            { name: 'test.other', room: 5, perTenant: null, perProduct: 3, share: null, afterTenant: null },
          ],
        });
        expect(jobs.map((job) => job.name).toSorted()).toEqual([JOB, JOB, 'test.other', 'test.other', 'test.other']);
      });

      it('of a higher fence comes later', async () => {
        await insert(...jobRecords(3, { name: JOB }));
        const first = await claimOne();
        const second = await claimOne('two');
        expect(second.fence).toBeGreaterThan(first.fence);
        await end(first, { outcome: 'interrupted' });
        const again = await claim();
        expect(Math.min(...again.map(({ fence }) => fence))).toBeGreaterThan(second.fence);
      });
    });

    describe('A job that was claimed and not begun', () => {
      it('goes back as if it had not been: nothing is counted, and nothing is told of a run', async () => {
        const id = await insertOne();
        await store.release([await claimOne()]);
        expect(await under.job(id)).toMatchObject({ state: 'ready', attempts: 0, worker: null });
        expect(await under.attempts(id)).toEqual([]);
        expect(await claimOne('two')).toMatchObject({ id, attempt: 1 });
      });

      it('stays with whoever holds it where somebody else, or who held it before, gives it back', async () => {
        const id = await insertOne();
        const before = await claimOne();
        await store.release([before]);
        const now = await claimOne('two');
        await store.release([before]);
        expect(await under.job(id)).toMatchObject({ state: 'running', worker: 'two' });
        expect(await succeed(now)).toBe(true);
      });

      it('goes back when its worker tells what it knows of, because the claim was never answered', async () => {
        await insert(...jobRecords(3, { name: JOB }));
        const [known, lost] = [await claimOne(), await claimOne()];
        const anothers = await claimOne('two');
        await store.releaseOthers('one', [known.fence]);
        expect(await stateOf(lost.id)).toBe('ready');
        expect(await stateOf(known.id)).toBe('running');
        expect(await stateOf(anothers.id)).toBe('running');
      });
    });

    describe('A job of a later time', () => {
      it("is not claimed before it, by the store's clock, and a look tells how long that is", async () => {
        const { now } = await store.look();
        const id = await insertOne({ runAt: new Date(now.getTime() + 60_000).toISOString() });
        const early = await store.look();
        expect(early.readyNames).toEqual([]);
        expect(early.nextWakeMs).toBeGreaterThan(55_000);
        expect(early.nextWakeMs).toBeLessThanOrEqual(60_000);
        expect(await claim()).toEqual([]);
        await under.advance({ seconds: 61 });
        expect((await store.look()).readyNames).toEqual([JOB]);
        expect(await claim()).toMatchObject([{ id, attempt: 1 }]);
      });

      it('is ready at once where that time is over', async () => {
        const { now } = await store.look();
        await insertOne({ runAt: new Date(now.getTime() - 5_000).toISOString() });
        const job = await claimOne();
        expect(job.delayMs).toBeGreaterThanOrEqual(5_000);
      });

      it('tells nothing to wait for where nothing is due', async () => {
        await insertOne();
        expect(await store.look()).toMatchObject({ readyNames: [JOB], nextWakeMs: null, dueSchedules: [] });
      });
    });

    describe('A lost lease', () => {
      it('goes back for others, is recorded with what the run had told, and its holder may write nothing more', async () => {
        const id = await insertOne();
        const lost = await claimOne('frozen');
        const line = { at: new Date().toISOString(), level: 'info', message: 'half of it' };
        const held = { id, fence: lost.fence };
        expect(await store.renew('frozen', LEASE_MS, [{ ...held, progress: 0.5, note: 'half', log: [line] }])).toEqual(
          new Set([id]),
        );
        await under.advance({ seconds: 16 });
        expect((await store.look()).readyNames).toEqual([JOB]);
        expect(await under.job(id)).toMatchObject({ state: 'ready', worker: null, progress: 0.5, note: 'half' });

        const next = await claimOne('other');
        expect(next).toMatchObject({ id, attempt: 2 });
        expect(next.fence).toBeGreaterThan(lost.fence);
        expect(await store.renew('frozen', LEASE_MS, [{ ...held, progress: 1, log: [line] }])).toEqual(new Set());
        for (const outcome of ['succeeded', 'skipped', 'failed', 'postponed', 'interrupted', 'cancelled'] as const)
          expect(await end(lost, { outcome, error: 'too late', waitMs: 1_000, note: 'too late', log: [line] })).toBe(
            false,
          );
        expect(await under.job(id)).toMatchObject({ state: 'running', worker: 'other', progress: null, note: null });

        expect(await succeed(next)).toBe(true);
        expect(await under.attempts(id)).toEqual([
          {
            attempt: 1,
            worker: 'frozen',
            outcome: 'lost',
            error: 'The worker was not heard of any more.',
            log: ['half of it'],
          },
          { attempt: 2, worker: 'other', outcome: 'succeeded', error: null, log: [] },
        ]);
        expect(await end(next, { outcome: 'failed', error: 'twice', waitMs: null })).toBe(false);
        expect(await stateOf(id)).toBe('succeeded');
      });

      it('is not lost while it is renewed', async () => {
        const id = await insertOne();
        const { fence } = await claimOne();
        for (let round = 0; round < 4; round += 1) {
          await under.advance({ seconds: 10 });
          await store.look();
          expect(await store.renew('one', LEASE_MS, [{ id, fence }])).toEqual(new Set([id]));
        }
        expect(await under.job(id)).toMatchObject({ state: 'running', worker: 'one', attempts: 1 });
      });

      it('is told by a look, so that somebody looks when it ends', async () => {
        await insertOne();
        await claimOne();
        const { nextWakeMs } = await store.look();
        expect(nextWakeMs).toBeGreaterThan(LEASE_MS - 5_000);
        expect(nextWakeMs).toBeLessThanOrEqual(LEASE_MS);
      });

      it('goes back once, however many look at once', async () => {
        const ids = await insert(...jobRecords(30, { name: JOB }));
        await claim();
        await under.advance({ seconds: 16 });
        await Promise.all(Array.from({ length: 10 }, (_, index) => (index % 2 ? store : another).look()));
        await store.look();
        for (const id of ids) expect(await under.attempts(id)).toMatchObject([{ outcome: 'lost' }]);
        expect(await claim()).toHaveLength(30);
      });
    });

    describe('An end', () => {
      it('that is postponed again and again leaves one line of it', async () => {
        const id = await insertOne();
        for (let time = 0; time < 4; time += 1) {
          await end(await claimOne(), { outcome: 'postponed', error: `not now ${time}`, waitMs: 0 });
        }
        expect(await under.attempts(id)).toMatchObject([{ outcome: 'postponed', error: 'not now 3' }]);
      });

      it.each(['postponed', 'interrupted'] as const)('that is %s does not count the run', async (outcome) => {
        const id = await insertOne();
        for (let round = 0; round < 3; round += 1) {
          const job = await claimOne();
          expect(job).toMatchObject({ id, attempt: 1 });
          await end(job, { outcome, waitMs: 0 });
          expect(await under.job(id)).toMatchObject({ state: 'ready', attempts: 0, worker: null });
        }
        expect((await under.attempts(id)).at(-1)).toMatchObject({ outcome, attempt: 1 });
      });

      it('that is postponed waits as long as it says, and one that is interrupted does not wait', async () => {
        const [first, second] = await insert(...jobRecords(2, { name: JOB }));
        const [postponed, interrupted] = await claim();
        await end(postponed!, { outcome: 'postponed', error: 'not now', waitMs: 60_000 });
        await end(interrupted!, { outcome: 'interrupted' });
        expect(await under.job(first!)).toMatchObject({ state: 'scheduled', error: 'not now' });
        expect(await under.job(second!)).toMatchObject({ state: 'ready', error: null });
        const { nextWakeMs } = await store.look();
        expect(nextWakeMs).toBeGreaterThan(55_000);
      });

      it('of the last run leaves the job dead, with the error of every run', async () => {
        const id = await insertOne();
        for (const error of ['first', 'second']) {
          await end(await claimOne(), { outcome: 'failed', error, waitMs: 1_000 });
          expect(await under.job(id)).toMatchObject({ state: 'scheduled', error });
          expect(await claim()).toEqual([]);
          await under.advance({ seconds: 2 });
          await store.look();
        }
        await end(await claimOne(), { outcome: 'failed', error: 'third', waitMs: null });
        expect(await under.job(id)).toMatchObject({ state: 'dead', attempts: 3, error: 'third' });
        expect((await under.attempts(id)).map(({ attempt, outcome, error }) => ({ attempt, outcome, error }))).toEqual([
          { attempt: 1, outcome: 'failed', error: 'first' },
          { attempt: 2, outcome: 'failed', error: 'second' },
          { attempt: 3, outcome: 'failed', error: 'third' },
        ]);
        expect(await claim()).toEqual([]);
      });

      it('answers for each run of a batch whether it was still its holder', async () => {
        await insert(...jobRecords(3, { name: JOB }));
        const [kept, cancelled, stale] = await claim();
        await under.cancel(cancelled!.id);
        const ended = await store.end([
          { id: kept!.id, fence: kept!.fence, outcome: 'succeeded' },
          { id: cancelled!.id, fence: cancelled!.fence, outcome: 'succeeded' },
          { id: stale!.id, fence: stale!.fence - 1_000_000, outcome: 'succeeded' },
          { id: v7(), fence: 1, outcome: 'succeeded' },
        ]);
        expect(ended).toEqual(new Set([kept!.id]));
        expect(await stateOf(cancelled!.id)).toBe('cancelled');
        expect(await stateOf(stale!.id)).toBe('running');
      });

      it('and a renewal of the same runs at once wait for each other, and do not deadlock', async () => {
        for (let round = 0; round < times(10); round += 1) {
          await insert(...jobRecords(100, { name: JOB }));
          const jobs = await claim();
          const held = jobs.map(({ id, fence }) => ({ id, fence, progress: 0.5 }));
          await Promise.all([
            store.renew('one', LEASE_MS, held),
            store.end(jobs.map(({ id, fence }) => ({ id, fence, outcome: 'succeeded' as const })).reverse()),
            another.renew('one', LEASE_MS, [...held].reverse()),
            another.look(),
          ]);
          for (const { id } of jobs.slice(0, 3)) expect(await stateOf(id)).toBe('succeeded');
        }
      });
    });

    describe('A cancelled job', () => {
      const RETRIES = { attempts: 3, backoff: 'fixed', firstMs: 1 };
      /** By a worker that lives: of its code what a job held is given back when the job is given up. */
      const declare = (declared: object = { givesBack: true, retry: RETRIES }) =>
        store.declare(v7(), [{ name: JOB, product: 'test', declared, cron: null, timezone: null }]);
      const giveBack = (job: ClaimedJob) => end(job, { outcome: 'cancelled' });

      it('has ended at once where it holds nothing, whatever it was about to do', async () => {
        await declare({ givesBack: false, retry: RETRIES });
        const [waiting, running] = [await insertOne({ runAt: '2999-01-01T00:00:00Z' }), await insertOne()];
        await claimOne();
        for (const id of [waiting, running]) {
          expect(await under.cancel(id)).toBe('cancelled');
          expect(await stateOf(id)).toBe('cancelled');
          expect(await under.cancel(id)).toBe('ended');
        }
      });

      it.each([
        ['is ready', async () => insertOne()],
        ['waits for its time', async () => insertOne({ runAt: '2999-01-01T00:00:00Z' })],
        ['waits for another', async () => insertOne({ after: [await insertOne({ name: 'test.other' })] })],
      ] as const)('that %s and holds something is handed out once more, to give that back', async (_how, make) => {
        await declare();
        const id = await make();
        expect(await under.cancel(id)).toBe('cancelled');
        const job = await claimOne();
        expect(job).toMatchObject({ id, isCancelled: true });
        expect(await giveBack(job)).toBe(true);
        expect(await under.job(id)).toMatchObject({ state: 'cancelled', attempts: 0, error: null });
        expect(await claim()).toEqual([]);
        expect((await under.attempts(id)).map(({ outcome }) => outcome)).toEqual(['cancelled']);
      });

      it('that runs is handed out only when its lease is over: until then that run may not have noticed', async () => {
        await declare();
        const id = await insertOne();
        const before = await claimOne();
        expect(await under.cancel(id)).toBe('cancelled');
        expect(await store.renew('one', LEASE_MS, [before])).toEqual(new Set());
        expect(await succeed(before)).toBe(false);
        await under.advance({ seconds: 14 });
        await store.look();
        expect(await claim()).toEqual([]);
        await under.advance({ seconds: 2 });
        expect((await store.look()).readyNames).toEqual([JOB]);
        const job = await claimOne('two');
        expect(job).toMatchObject({ id, isCancelled: true });
        await giveBack(job);
        expect(await under.job(id)).toMatchObject({ state: 'cancelled', attempts: 1 });
        expect((await under.attempts(id)).map(({ outcome }) => outcome)).toEqual(['cancelled', 'cancelled']);
      });

      it('stays one through failures, hand-backs and lost workers, until what it held is given back', async () => {
        await declare();
        const id = await insertOne();
        await under.cancel(id);
        await end(await claimOne(), { outcome: 'failed', error: 'the peer is away', waitMs: 30_000 });
        await under.advance({ seconds: 31 });
        await store.look();
        await end(await claimOne(), { outcome: 'interrupted' });
        await claimOne();
        await under.advance({ seconds: 16 });
        await store.look();
        const job = await claimOne('two');
        expect(job).toMatchObject({ id, isCancelled: true });
        await giveBack(job);
        expect(await under.job(id)).toMatchObject({ state: 'cancelled', attempts: 0 });
      });

      it('is never run again by a worker of older code, which takes it for one that was lost after its last run', async () => {
        await declare();
        const id = await insertOne();
        await under.cancel(id);
        expect(await claimOne()).toMatchObject({ id, attempt: 4 });
      });

      it('keeps its key, and what waits for it, until what it held is given back', async () => {
        await declare();
        const id = await insertOne({ onceKey: 'key' });
        const after = await insertOne({ name: 'test.after', after: [id] });
        await under.cancel(id);
        await insert(jobRecord({ name: JOB, onceKey: 'key' }));
        expect(await ids()).toEqual([id, after]);
        expect(await stateOf(after)).toBe('blocked');
        expect(await under.retry(id)).toBe('not ended');
        await giveBack(await claimOne());
        expect(await stateOf(after)).toBe('dead');
        const next = await insertOne({ onceKey: 'key' });
        expect(await stateOf(next)).toBe('ready');
        expect(await under.retry(id)).toBe('taken');
      });

      it('that is retried runs from its first attempt, as if nobody had cancelled it', async () => {
        await declare();
        const id = await insertOne();
        await under.cancel(id);
        await giveBack(await claimOne());
        expect(await under.retry(id)).toBe('retried');
        const job = await claimOne();
        expect(job).toMatchObject({ id, attempt: 1, isCancelled: false });
        await succeed(job);
        expect(await stateOf(id)).toBe('succeeded');
      });

      it('is dead where what it held cannot be given back, and can be run again', async () => {
        await declare();
        const id = await insertOne();
        await under.cancel(id);
        await end(await claimOne(), { outcome: 'failed', error: 'never', waitMs: null });
        expect(await under.job(id)).toMatchObject({ state: 'dead', attempts: 0, error: 'never' });
        expect(await under.retry(id)).toBe('retried');
        expect(await claimOne()).toMatchObject({ id, attempt: 1, isCancelled: false });
      });

      it('that is cancelled again goes on giving back, and ends where no worker is left that could', async () => {
        await declare();
        const id = await insertOne();
        await under.cancel(id);
        const job = await claimOne();
        expect(await under.cancel(id)).toBe('cancelled');
        expect(await stateOf(id)).toBe('running');
        await end(job, { outcome: 'failed', error: 'the peer is away', waitMs: 30_000 });
        await under.advance({ seconds: 31 }); // and with it the worker was not heard of
        expect(await under.cancel(id)).toBe('cancelled');
        expect(await under.job(id)).toMatchObject({ state: 'cancelled', attempts: 0 });
      });
    });

    describe('A job after others', () => {
      it('runs when all of them have succeeded, and not before', async () => {
        const [first, second] = await insert(...jobRecords(2, { name: JOB }));
        const id = await insertOne({ name: 'test.after', after: [first!, second!] });
        const [one, two] = await claim();
        await succeed(one!);
        expect(await stateOf(id)).toBe('blocked');
        await end(two!, { outcome: 'failed', error: 'e', waitMs: 0 });
        expect(await stateOf(id)).toBe('blocked');
        await end(await claimOne(), { outcome: 'skipped' });
        expect(await stateOf(id)).toBe('ready');
      });

      it('runs at once where they have succeeded before, and at its time where that is later', async () => {
        const before = await insertOne();
        await succeed(await claimOne());
        const { now } = await store.look();
        const soon = new Date(now.getTime() + 60_000).toISOString();
        const [atOnce, later] = await insert(
          jobRecord({ name: JOB, after: [before] }),
          jobRecord({ name: JOB, after: [before], runAt: soon }),
        );
        expect(await stateOf(atOnce!)).toBe('ready');
        expect(await stateOf(later!)).toBe('scheduled');
      });

      it('that come in the same insert, in any order, waits for them', async () => {
        const first = jobRecord({ name: JOB });
        const second = jobRecord({ name: JOB, after: [first.id] });
        const third = jobRecord({ name: JOB, after: [first.id, second.id] });
        await insert(third, second, first);
        for (const expected of [first, second, third]) {
          const job = await claimOne();
          expect(job.id).toBe(expected.id);
          await succeed(job);
        }
      });

      it.each([
        ['is dead', async () => (await insertOne(), await claimOne())],
        ['was cancelled', async () => (await insertOne(), await claimOne())],
      ] as const)('dies with them where one %s, and so does what waits for it', async (how, make) => {
        const before = await make();
        const id = await insertOne({ name: 'test.after', after: [before.id] });
        const last = await insertOne({ name: 'test.after', after: [id] });
        await (how === 'is dead' ? die(before) : under.cancel(before.id));
        for (const each of [id, last])
          expect(await under.job(each)).toMatchObject({
            state: 'dead',
            error: 'It was to run after a job that did not succeed.',
          });
      });

      it("dies at once where one is unknown, another tenant's, or over without success", async () => {
        const foreign = await insertOne({ tenantId: tenant(2) });
        const failed = await insertOne({ name: 'test.other', tenantId: tenant(1) });
        await under.cancel(failed);
        const good = await insertOne({ tenantId: tenant(1) });
        for (const after of [[v7()], [foreign], [failed], [good, failed], [good, foreign]]) {
          const id = await insertOne({ name: 'test.after', tenantId: tenant(1), after });
          expect(await stateOf(id)).toBe('dead');
        }
        // The other tenant's job is none the wiser.
        expect(await stateOf(foreign)).toBe('ready');
      });

      it.each([
        ['succeeds', 'ready', (job: ClaimedJob) => succeed(job)],
        ['dies', 'dead', (job: ClaimedJob) => die(job)],
        ['is cancelled', 'dead', (job: ClaimedJob) => under.cancel(job.id)],
      ] as const)('is never forgotten, where one of them %s while it is inserted', async (_what, state, finish) => {
        for (let round = 0; round < times(25); round += 1) {
          await insertOne();
          const job = await claimOne();
          const after = jobRecords(4, { name: 'test.after', after: [job.id] });
          const inserted = [after.slice(0, 1), after.slice(1, 2), after.slice(2)].map((some) => another.insert(some));
          await Promise.all([finish(job), ...inserted]);
          expect(await Promise.all(after.map(({ id }) => stateOf(id)))).toEqual(after.map(() => state));
        }
      });

      it('is never forgotten, where the last two of them end at once', async () => {
        for (let round = 0; round < times(25); round += 1) {
          const before = await insert(...jobRecords(2, { name: JOB }));
          const waiting = jobRecords(3, { name: 'test.after', after: before });
          await insert(...waiting);
          const [one, two] = await claim();
          await Promise.all([succeed(one!), another.end([{ id: two!.id, fence: two!.fence, outcome: 'succeeded' }])]);
          expect(await Promise.all(waiting.map(({ id }) => stateOf(id)))).toEqual(['ready', 'ready', 'ready']);
        }
      });
    });

    describe('A schedule', () => {
      let declared = { cron: '', timezone: '' };
      const declare = (cron: string | null, timezone = 'UTC') => {
        declared = { cron: cron ?? '', timezone };
        return store.declare(v7(), [{ name: JOB, product: 'test', declared: {}, cron, timezone: cron && timezone }]);
      };
      const at = (minute: number) => new Date(Date.UTC(2_026, 0, 1, 0, minute));
      const firing = (expected: Date | null, next: Date, ...dues: readonly Date[]) => ({
        schedule: JOB,
        ...declared,
        expected,
        next,
        missed: 0,
        runs: dues.map((due) => ({ due, job: jobRecord({ name: JOB, schedule: JOB, runAt: due.toISOString() }) })),
      });

      it('is to be computed when it is new, and is due when its time has come', async () => {
        await declare('* * * * *');
        const { dueSchedules, now } = await store.look();
        expect(dueSchedules).toEqual([{ name: JOB, nextDue: null, ...declared }]);
        const next = new Date(now.getTime() + 30_000);
        expect(await store.fire(firing(null, next))).toBe(true);
        const early = await store.look();
        expect(early.dueSchedules).toEqual([]);
        expect(early.nextWakeMs).toBeGreaterThan(25_000);
        expect(early.nextWakeMs).toBeLessThanOrEqual(30_000);
        await under.advance({ seconds: 31 });
        expect((await store.look()).dueSchedules).toEqual([{ name: JOB, nextDue: next, ...declared }]);
      });

      it('that is overdue does not make those who cannot fire it look again and again', async () => {
        await declare('* * * * *');
        await store.fire(firing(null, at(0)));
        const { nextWakeMs, dueSchedules } = await store.look();
        expect(dueSchedules).toEqual([{ name: JOB, nextDue: at(0), ...declared }]);
        expect(nextWakeMs).toBeNull();
      });

      it('is not moved by a worker of older code, which would compute another time', async () => {
        await declare('0 0 1 1 *');
        const old = firing(null, at(0));
        await declare('*/5 * * * * *');
        expect(await store.fire(old)).toBe(false);
        expect(await store.fire(firing(null, at(1)))).toBe(true);
      });

      it('makes one job for one due time, however many fire it at once', async () => {
        await declare('* * * * *');
        await store.fire(firing(null, at(0)));
        for (let minute = 0; minute < 10; minute += 1) {
          const fired = await Promise.all(
            Array.from({ length: 6 }, (_, index) =>
              (index % 2 ? store : another).fire(firing(at(minute), at(minute + 1), at(minute))),
            ),
          );
          expect(fired.filter(Boolean)).toHaveLength(1);
        }
        expect(await ids()).toHaveLength(10);
        expect((await firingsOf(JOB)).map(({ due }) => due)).toEqual(
          Array.from({ length: 10 }, (_, minute) => at(minute)),
        );
      });

      it('does not run a due time twice, also when it is fired for it again', async () => {
        await declare('* * * * *');
        await store.fire(firing(null, at(0)));
        await store.fire(firing(at(0), at(1), at(0)));
        await declare('*/1 * * * *');
        await store.fire(firing(null, at(0)));
        await store.fire(firing(at(0), at(1), at(0)));
        expect(await ids()).toHaveLength(1);
      });

      it('notes a due time that was left out because the run before had not ended', async () => {
        await declare('* * * * *');
        await store.fire(firing(null, at(0)));
        const keyed = (minute: number) => ({
          ...firing(at(minute), at(minute + 1)),
          runs: [{ due: at(minute), job: jobRecord({ name: JOB, schedule: JOB, onceKey: 'schedule' }) }],
        });
        const first = keyed(0);
        await store.fire(first);
        expect(await store.fire(keyed(1))).toBe(true);
        expect(await firingsOf(JOB)).toEqual([
          { due: at(0), job: first.runs[0]!.job.id },
          { due: at(1), job: null },
        ]);
        expect(await ids()).toHaveLength(1);
      });

      it('that is paused does not fire, and goes on from now when it is resumed', async () => {
        await declare('* * * * *');
        await store.fire(firing(null, at(0)));
        expect(await under.pause(JOB)).toBe(true);
        expect(await store.look()).toMatchObject({ dueSchedules: [], nextWakeMs: null });
        expect(await store.fire(firing(at(0), at(1), at(0)))).toBe(false);
        expect(await store.fire(firing(null, at(1), at(0)))).toBe(false);
        await declare('* * * * *');
        expect((await store.look()).dueSchedules).toEqual([]);
        expect(await under.resume(JOB)).toBe(true);
        expect((await store.look()).dueSchedules).toEqual([{ name: JOB, nextDue: null, ...declared }]);
        expect(await ids()).toEqual([]);
      });

      it('is computed anew when its expression or zone has changed, and goes on where they have not', async () => {
        await declare('* * * * *');
        await store.fire(firing(null, at(0)));
        await declare('* * * * *');
        expect((await store.look()).dueSchedules).toEqual([{ name: JOB, nextDue: at(0), ...declared }]);
        await declare('0 * * * *');
        expect((await store.look()).dueSchedules).toEqual([{ name: JOB, nextDue: null, ...declared }]);
        await store.fire(firing(null, at(0)));
        await declare('0 * * * *', 'Europe/Berlin');
        expect((await store.look()).dueSchedules).toEqual([{ name: JOB, nextDue: null, ...declared }]);
        await declare(null);
        expect((await store.look()).dueSchedules).toEqual([]);
        expect(await store.fire(firing(null, at(1), at(0)))).toBe(false);
      });
    });

    describe('A purge', () => {
      it('removes what ended before the bound, in batches, and nothing else', async () => {
        const { now } = await store.look();
        const old = await insert(...jobRecords(25, { name: JOB }));
        for (const [index, job] of (await claim()).entries()) await (index % 2 ? succeed(job) : die(job));
        const open = [
          await insertOne({ name: 'test.ready' }),
          await insertOne({ name: 'test.later', runAt: new Date(now.getTime() + 90 * DAY_S * 1_000).toISOString() }),
        ];
        open.push(await insertOne({ name: 'test.blocked', after: [open[0]!] }));
        const late = await insertOne();
        const endsLate = await claimOne();
        await under.advance({ seconds: 14 * DAY_S - 60 });
        await store.renew('one', LEASE_MS, [{ id: late, fence: endsLate.fence }]);
        await succeed(endsLate);
        await under.advance({ seconds: 120 });

        const kept = 14 * DAY_S * 1_000;
        expect(await store.purge(kept, 10)).toBe(10);
        expect(await store.purge(kept, 10)).toBe(10);
        expect(await store.purge(kept, 10)).toBe(5);
        expect(await store.purge(kept, 10)).toBe(0);
        expect(await ids()).toEqual([...open, late].toSorted());
        expect(await under.attempts(old[0]!)).toEqual([]);
      });
    });

    describe('A tenant that is erased', () => {
      const ERASED = parseTenantId(tenant(1));
      const OTHER = 'other.job';
      const everything = () => store.eraseTenant('test', ERASED, 1_000);
      const counted = (product = 'test', of = ERASED) => store.countTenant(product, of);
      const wait = (job: ClaimedJob) => end(job, { outcome: 'failed', error: 'e', waitMs: 60_000 });

      /** Ended in every way, each with a run that has logged. Answers their ids. */
      async function insertEnded(of: Partial<JobRecord> & { name: string }): Promise<readonly string[]> {
        const line = { at: new Date(0).toISOString(), level: 'info', message: `for ${of.tenantId}` };
        const made: string[] = [];
        for (const finish of [succeed, die, (job: ClaimedJob) => under.cancel(job.id)]) {
          made.push(await insertOne(of));
          const [job] = await claim({ name: of.name });
          await store.renew('one', LEASE_MS, [{ id: job!.id, fence: job!.fence, log: [line] }]);
          await finish(job!);
        }
        return made;
      }

      /** Ready with a key, of a later time, and blocked. Answers their ids. */
      async function insertWaiting(of: Partial<JobRecord> & { name: string }): Promise<readonly string[]> {
        const { now } = await store.look();
        const first = jobRecord({ onceKey: 'key', ...of });
        const later = new Date(now.getTime() + 60_000).toISOString();
        return insert(first, jobRecord({ ...of, runAt: later }), jobRecord({ ...of, after: [first.id] }));
      }

      it("has no job of the product any more, in any state; another product's, another tenant's and no tenant's are as they were", async () => {
        const others = [
          { name: OTHER, tenantId: ERASED },
          { name: 'test2.job', tenantId: ERASED },
          { name: JOB, tenantId: tenant(2) },
          { name: JOB, tenantId: null },
        ];
        const kept: string[] = [];
        for (const of of others) kept.push(...(await insertEnded(of)));
        await insertEnded({ name: JOB, tenantId: ERASED });
        await insertEnded({ name: 'test.second', tenantId: ERASED });
        for (const of of others) kept.push(...(await insertWaiting(of)));
        const before = await Promise.all(kept.toSorted().map((id) => under.job(id)));
        const depths = await store.depths();
        const runs = (await under.attempts()).length;
        await insertWaiting({ name: JOB, tenantId: ERASED });
        await insertWaiting({ name: 'test.second', tenantId: ERASED });
        expect(await counted()).toBe(12);

        expect(await everything()).toEqual({ removed: 12, running: 0 });

        expect(await under.jobs()).toEqual(before);
        expect(await under.attempts()).toHaveLength(runs - 6);
        expect(await under.heldKeys()).toBe(4);
        expect(await Promise.all([counted(), counted('other'), counted('test2')])).toEqual([0, 6, 6]);
        expect(await counted('test', parseTenantId(tenant(2)))).toBe(6);
        const count = ({ product, state, count: many }: (typeof depths)[number]) => `${product} ${state} ${many}`;
        const dead = (each: string): string => each.replace('test dead 4', 'test dead 2'); // those that went
        expect((await store.depths()).map(count).toSorted()).toEqual(depths.map(count).map(dead).toSorted());
      });

      it('is named nowhere in the store', async () => {
        await insertEnded({ name: JOB, tenantId: ERASED });
        await insertWaiting({ name: JOB, tenantId: ERASED });
        await claim();
        expect(await everything()).toEqual({ removed: 5, running: 1 });
        expect(await under.mentions(ERASED)).not.toEqual([]);
        await under.cancel((await ids())[0]!);
        expect(await everything()).toEqual({ removed: 1, running: 0 });
        expect(await under.mentions(ERASED)).toEqual([]);
      });

      it('is erased in batches, and the last of them is not full', async () => {
        await insert(...jobRecords(25, { name: JOB, tenantId: ERASED }));
        const removed: number[] = [];
        do removed.push((await store.eraseTenant('test', ERASED, 10)).removed);
        while (removed.at(-1) === 10);
        expect(removed).toEqual([10, 10, 5]);
        expect(await ids()).toEqual([]);
        expect(await everything()).toEqual({ removed: 0, running: 0 });
      });

      it.each([
        ['succeeds', succeed],
        ['dies', die],
        ['is to be tried again', wait],
        ['is handed back', (job: ClaimedJob) => end(job, { outcome: 'interrupted' })],
        ['is cancelled', (job: ClaimedJob) => under.cancel(job.id)],
      ] as const)('keeps a job that runs, with its key, until it %s', async (_how, finish) => {
        const id = await insertOne({ tenantId: ERASED, onceKey: 'key' });
        const job = await claimOne();
        expect(await everything()).toEqual({ removed: 0, running: 1 });
        expect(await store.renew('one', LEASE_MS, [job])).toEqual(new Set([id]));
        await insertOne({ tenantId: ERASED, onceKey: 'key' });
        expect(await ids()).toEqual([id]);
        expect(await counted()).toBe(1);

        await finish(job);
        expect(await everything()).toEqual({ removed: 1, running: 0 });
        expect(await counted()).toBe(0);
        expect(await under.heldKeys()).toBe(0);
      });

      it('leaves a key to whoever comes next', async () => {
        await insertOne({ tenantId: ERASED, onceKey: 'key' });
        await everything();
        const next = await insertOne({ tenantId: ERASED, onceKey: 'key' });
        expect(await claimOne()).toMatchObject({ id: next });
      });

      it("takes with it what another product's jobs waited for: those die, and so does what waits for them", async () => {
        const before = await insertOne({ tenantId: ERASED });
        const id = await insertOne({ name: OTHER, tenantId: ERASED, after: [before], onceKey: 'key' });
        const last = await insertOne({ name: OTHER, tenantId: ERASED, after: [id] });
        await everything();
        for (const each of [id, last])
          expect(await under.job(each)).toMatchObject({
            state: 'dead',
            error: 'It was to run after a job that did not succeed.',
          });
        expect(await under.heldKeys()).toBe(0);
        expect(await counted('other')).toBe(2);
      });

      it("does not stop another product's job that waits for more than what had succeeded", async () => {
        const done = await insertOne({ tenantId: ERASED });
        await succeed(await claimOne());
        const open = await insertOne({ name: OTHER, tenantId: ERASED });
        const id = await insertOne({ name: OTHER, tenantId: ERASED, after: [done, open] });
        expect(await everything()).toEqual({ removed: 1, running: 0 });
        expect(await stateOf(id)).toBe('blocked');
        await succeed((await claim({ name: OTHER }))[0]!);
        expect(await stateOf(id)).toBe('ready');
      });

      it('has each of its jobs either erased or claimed, where both happen at once', async () => {
        for (let round = 0; round < times(10); round += 1) {
          await insert(...jobRecords(20, { name: JOB, tenantId: ERASED }));
          const [claimed, { removed, running }] = await Promise.all([
            claim({ room: 10 }, { by: another }),
            everything(),
          ]);
          expect(running).toBe(claimed.length);
          expect(removed).toBe(20 - claimed.length);
          const ended = await store.end(claimed.map(({ id, fence }) => ({ id, fence, outcome: 'succeeded' })));
          expect(ended.size).toBe(claimed.length);
          expect(await everything()).toEqual({ removed: claimed.length, running: 0 });
        }
      });
    });

    describe('A watch', () => {
      it('hears which definitions have something new, and all of them when it begins', async () => {
        const heard: (readonly string[] | null)[] = [];
        let wake: () => void = () => undefined;
        const next = async () => {
          while (!heard.length) await new Promise<void>((resolve) => (wake = resolve));
          return heard.shift();
        };
        const watch = another.watch((names) => {
          heard.push(names);
          wake();
        });
        expect(await next()).toBeNull();
        await insertOne();
        expect(await next()).toEqual([JOB]);
        await end(await claimOne(), { outcome: 'interrupted' });
        expect(await next()).toEqual([JOB]);
        expect(watch.state).toBe('connected');
        await watch.stop();
      });
    });
  });
}
