import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  JOB_STATES,
  type DeclaredDefinition,
  type JobByHand,
  type JobDesk,
  type JobFilter,
  type JobScope,
  type JobState,
} from '@inevitable/kit/host';
import { until } from '@inevitable/kit/testing';
import fc from 'fast-check';
import { jobRecord } from '../../support/job-records.js';
import { idOf, storedJob, WORKER, type JobDeskUnderTest, type StoredJob, type StoredRun } from './stored-jobs.js';

export interface JobDeskSize {
  /** Random stores that are paged through. */
  readonly paged: number;
  /** Random stores each of whose jobs is steered. */
  readonly steered: number;
  /** Jobs that are dead of one name. */
  readonly dead: number;
}

const ACME = '00000000-0000-8000-8000-00000000acc0';
const GLOBEX = '00000000-0000-8000-8000-0000000061b0';
const ALL: JobScope = { kind: 'all' };
const ALPHA_OF_ACME: JobScope = { kind: 'tenant', tenantId: ACME, products: ['alpha'] };
const NAMES = ['alpha.echo', 'alpha.nightly', 'alphabet.echo', 'beta.echo'];
const FIRST_PAGE = { take: 100, afterId: null };

const someJobs = fc
  .array(
    fc.record({
      name: fc.constantFrom(...NAMES),
      tenantId: fc.constantFrom(ACME, GLOBEX, null),
      state: fc.constantFrom(...JOB_STATES),
      isScheduled: fc.boolean(),
    }),
    { maxLength: 40 },
  )
  .map((jobs) =>
    jobs.map(({ isScheduled, ...job }, at) =>
      storedJob({ ...job, id: idOf(at), schedule: isScheduled ? job.name : null }),
    ),
  );
const someFilter: fc.Arbitrary<JobFilter> = fc.record(
  {
    states: fc.subarray([...JOB_STATES]),
    product: fc.constantFrom('alpha', 'beta', 'gamma'),
    name: fc.constantFrom(...NAMES, 'alpha.unknown'),
    tenantId: fc.constantFrom(ACME, GLOBEX),
    schedule: fc.constantFrom(...NAMES),
  },
  { requiredKeys: [] },
);
const someScope: fc.Arbitrary<JobScope> = fc.oneof(
  fc.constant(ALL),
  fc.record({
    kind: fc.constant('tenant' as const),
    tenantId: fc.constantFrom(ACME, GLOBEX),
    products: fc.subarray(['alpha', 'beta', 'gamma']),
  }),
);

const productOf = ({ name }: Pick<StoredJob, 'name'>): string => name.split('.')[0]!;
const isSeen = (scope: JobScope, job: StoredJob): boolean =>
  scope.kind === 'all' || (job.tenantId === scope.tenantId && scope.products.includes(productOf(job)));
const fits = ({ states, product, name, tenantId, schedule }: JobFilter, job: StoredJob): boolean =>
  (!states || states.includes(job.state)) &&
  (product === undefined || productOf(job) === product) &&
  (name === undefined || job.name === name) &&
  (tenantId === undefined || job.tenantId === tenantId) &&
  (schedule === undefined || job.schedule === schedule);

const byHand = (job: Partial<JobByHand> & Pick<JobByHand, 'id'>): JobByHand => ({
  name: 'alpha.echo',
  tenantId: ACME,
  payload: {},
  correlationId: 'c',
  trace: null,
  onceKey: null,
  fansOut: false,
  ...job,
});

const definition = (name: string, declared: object = {}, cron: string | null = null): DeclaredDefinition => ({
  name,
  product: productOf({ name }),
  declared,
  cron,
  timezone: cron && 'Europe/Berlin',
});

/** The desk, and which of its calls were made. */
function namesOfCalls(desk: JobDesk): { readonly asked: JobDesk; readonly names: ReadonlySet<string> } {
  const names = new Set<string>();
  const asked = new Proxy(desk, {
    get(target, name) {
      names.add(String(name));
      return Reflect.get(target, name) as unknown;
    },
  });
  return { asked, names };
}

/** What operators and product administrators are promised of every storage of jobs. */
export function describeJobDesk(
  name: string,
  open: () => Promise<JobDeskUnderTest>,
  { paged, steered, dead }: JobDeskSize,
): void {
  let under: JobDeskUnderTest;
  let desk: JobDesk;
  beforeAll(async () => {
    under = await open();
    desk = under.desk;
  });
  beforeEach(() => under.empty());
  afterAll(() => under.close());

  async function everyPage(scope: JobScope, filter: JobFilter, take: number): Promise<string[]> {
    const ids: string[] = [];
    for (;;) {
      const page = await desk.jobs(scope, filter, { take, afterId: ids.at(-1) ?? null });
      ids.push(...page.map(({ id }) => id));
      if (page.length < take) return ids;
    }
  }

  describe(`The desk on ${name}`, () => {
    it('pages through what a scope sees and a filter takes, each job once, newest first', async () => {
      await fc.assert(
        fc.asyncProperty(
          someJobs,
          someFilter,
          someScope,
          fc.integer({ min: 1, max: 9 }),
          async (jobs, filter, scope, take) => {
            await under.write(jobs);
            const expected = jobs.filter((job) => isSeen(scope, job) && fits(filter, job)).map(({ id }) => id);
            expect(await everyPage(scope, filter, take)).toEqual(expected.reverse());
          },
        ),
        { numRuns: paged },
      );
    });

    it('pages through the jobs of very many names, newest first', async () => {
      const jobs = Array.from({ length: 90 }, (_, at) =>
        storedJob({ id: idOf(at), name: `alpha.job-${(at * 7) % 45}`, tenantId: ACME, state: JOB_STATES[at % 7]! }),
      );
      await under.write(jobs);
      expect(await everyPage(ALPHA_OF_ACME, {}, 20)).toEqual(jobs.map(({ id }) => id).reverse());
    });

    it('shows a job as it is stored', async () => {
      const job = storedJob({ id: idOf(1), tenantId: ACME, state: 'running', schedule: 'alpha.echo', attempts: 2 });
      await under.write([job]);
      const shown = {
        id: job.id,
        name: 'alpha.echo',
        product: 'alpha',
        queue: null,
        state: 'running',
        priority: 0,
        tenantId: ACME,
        payload: {},
        correlationId: 'c',
        schedule: 'alpha.echo',
        fansOut: false,
        attempts: 2,
        worker: WORKER,
        progress: null,
        note: null,
        error: null,
        runAt: job.runAt,
        createdAt: job.createdAt,
        startedAt: job.startedAt,
        finishedAt: null,
      };
      expect(await desk.job(ALL, job.id)).toEqual(shown);
      await under.store.declare('one', [definition('alpha.echo', { queue: 'heavy' })]);
      expect(await desk.jobs(ALL, {}, FIRST_PAGE)).toEqual([{ ...shown, queue: 'heavy' }]);
    });

    it('shows a payload as it was enqueued, whatever it is', async () => {
      const payload = { $where: '1', 'a.b': [null, 1e21, 0.1, -0.5], '': { constructor: 'x' }, text: '\u{1f980} "' };
      await under.store.insert([jobRecord({ id: idOf(1), name: 'alpha.echo', payload })]);
      expect((await desk.job(ALL, idOf(1)))?.payload).toEqual(payload);
    });

    it('opens, retries and cancels what its scope sees, and answers for everything else as for what does not exist', async () => {
      await fc.assert(
        fc.asyncProperty(someJobs, someScope, async (jobs, scope) => {
          await under.write(jobs);
          for (const job of jobs) {
            const seen = isSeen(scope, job);
            expect((await desk.job(scope, job.id))?.id ?? null).toBe(seen ? job.id : null);
            const isEnded = ['dead', 'cancelled', 'succeeded'].includes(job.state);
            expect(await desk.cancel(scope, job.id)).toBe(!seen ? 'not found' : isEnded ? 'ended' : 'cancelled');
            expect(await desk.retry(scope, job.id)).toBe(
              !seen ? 'not found' : job.state === 'succeeded' ? 'not ended' : 'retried',
            );
          }
          expect(await under.states()).toEqual(
            jobs.map((job) => ({
              id: job.id,
              state: !isSeen(scope, job) || job.state === 'succeeded' ? job.state : 'ready',
            })),
          );
        }),
        { numRuns: steered },
      );
    });

    it('runs the dead jobs of a name again, of its scope alone', async () => {
      const jobs = [ACME, GLOBEX, null].flatMap((tenantId, tenant) =>
        ['alpha.echo', 'beta.echo'].map((of, at) =>
          storedJob({ id: idOf(tenant * 2 + at), name: of, tenantId, state: 'dead' }),
        ),
      );
      await under.write(jobs);
      expect(await desk.retryDead({ kind: 'tenant', tenantId: ACME, products: ['beta'] }, 'alpha.echo')).toBe(0);
      expect(await desk.retryDead(ALPHA_OF_ACME, 'alpha.echo')).toBe(1);
      expect(await everyPage(ALL, { states: ['ready'] }, 10)).toEqual([idOf(0)]);
      expect(await desk.retryDead(ALL, 'alpha.echo')).toBe(2);
      expect(await everyPage(ALL, { states: ['dead'] }, 10)).toEqual([idOf(5), idOf(3), idOf(1)]);
    });

    it('runs very many dead jobs again, up to ten thousand at a time', async () => {
      await under.write(Array.from({ length: dead }, (_, at) => storedJob({ id: idOf(at), state: 'dead' })));
      const first = Math.min(dead, 10_000);
      expect(await desk.retryDead(ALL, 'alpha.echo')).toBe(first);
      expect(await desk.retryDead(ALL, 'alpha.echo')).toBe(dead - first);
      expect(await desk.retryDead(ALL, 'alpha.echo')).toBe(0);
    });

    it('lets a job that is retried wait for what it was to run after, but for what was given up', async () => {
      const [waited, waiting, alone, given] = [idOf(0), idOf(1), idOf(2), idOf(3)];
      await under.write([
        storedJob({ id: waited, tenantId: ACME, state: 'dead' }),
        storedJob({ id: waiting, tenantId: ACME, state: 'dead', after: [waited] }),
        storedJob({ id: alone, tenantId: ACME, state: 'dead', after: [given] }),
        storedJob({ id: given, tenantId: ACME, state: 'cancelled' }),
      ]);
      for (const id of [waited, waiting, alone]) expect(await desk.retry(ALL, id)).toBe('retried');
      expect(await under.states()).toEqual([
        { id: waited, state: 'ready' },
        { id: waiting, state: 'blocked' },
        { id: alone, state: 'ready' },
        { id: given, state: 'cancelled' },
      ]);
      expect(await desk.dependencies(ALL, [waiting, alone])).toMatchObject([
        { jobId: waiting, waitsFor: { id: waited } },
      ]);
    });

    it('shows what jobs wait for or waited for, without what is gone', async () => {
      const [first, second, waiting, gone] = [idOf(1), idOf(2), idOf(3), idOf(9)];
      await under.write([
        storedJob({ id: first, tenantId: ACME, state: 'succeeded' }),
        storedJob({ id: second, tenantId: ACME, state: 'running' }),
        storedJob({ id: waiting, tenantId: ACME, state: 'blocked', after: [second, gone, first] }),
      ]);
      const shown = await desk.dependencies(ALPHA_OF_ACME, [first, waiting]);
      expect(shown.map(({ jobId, waitsFor }) => [jobId, waitsFor.id, waitsFor.state])).toEqual([
        [waiting, first, 'succeeded'],
        [waiting, second, 'running'],
      ]);
    });

    it('shows the runs of jobs in the order they began, one under way too, with what each has logged', async () => {
      const at = (second: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, second));
      const run = (fence: number, attempt: number, outcome: StoredRun['outcome'], log: string[] = []): StoredRun => ({
        fence,
        attempt,
        worker: WORKER,
        startedAt: at(fence),
        endedAt: outcome && at(fence + 1),
        outcome,
        error: outcome === 'failed' ? 'it broke' : null,
        log,
      });
      const first = storedJob({
        id: idOf(1),
        state: 'running',
        attempts: 2,
        fence: 9,
        startedAt: at(9),
        runs: [run(1, 1, 'failed', ['one', 'two']), run(5, 2, 'postponed')],
      });
      const second = storedJob({
        id: idOf(2),
        state: 'running',
        attempts: 1,
        fence: 10,
        startedAt: at(10),
        runs: [run(2, 1, 'interrupted'), run(10, 1, null, ['three'])],
      });
      await under.write([first, second]);
      const shown = await desk.attempts(ALL, [first.id, second.id]);
      const told = shown.map(({ log, ...attempt }) => ({ ...attempt, log: log.map(({ message }) => message) }));
      const seen = ({ id }: StoredJob, of: StoredRun) => ({ ...of, jobId: id, fence: undefined });
      expect(told).toEqual([
        seen(first, first.runs[0]!),
        seen(second, second.runs[0]!),
        seen(first, first.runs[1]!),
        seen(first, run(9, 2, null)),
        seen(second, second.runs[1]!),
      ]);
    });

    it('counts what waits, runs and was given up, and names what waits and no live worker runs', async () => {
      const oldest = new Date('2025-12-31T00:00:00Z');
      const of = (number: number, ofName: string, state: JobState): StoredJob =>
        storedJob({ id: idOf(number), name: ofName, tenantId: ACME, state });
      const failed = { ...of(5, 'beta.echo', 'dead'), error: 'it broke', attempts: 3 };
      await under.write([
        of(1, 'alpha.echo', 'ready'),
        { ...of(2, 'beta.echo', 'ready'), error: 'no', createdAt: oldest },
        of(3, 'beta.echo', 'scheduled'),
        of(4, 'beta.echo', 'succeeded'),
        failed,
        of(6, 'alpha.nightly', 'running'),
      ]);
      await under.store.declare('gone', [definition('beta.echo')]);
      await under.advance({ seconds: 31 });
      await under.store.declare('alive', [definition('alpha.echo')]);
      const { id, tenantId, attempts, error: reason, finishedAt } = failed;
      expect(await desk.overview()).toEqual({
        waiting: 3,
        running: 1,
        failed: 1,
        latestFailures: [{ id, name: 'beta.echo', tenantId, attempts, reason, failedAt: finishedAt!.toISOString() }],
        unclaimed: [{ name: 'beta.echo', waiting: 2, oldest }],
      });
    });

    it('shows the definitions of the products in its scope, with the jobs it sees, live workers and the schedule', async () => {
      const described = { description: 'Echoes.', queue: 'default' };
      const declared = { ...described, payload: { type: 'object' }, schedule: null };
      const schedule = { cron: '0 2 * * *', timezone: 'Europe/Berlin', overlap: 'skip', catchUp: 'last' };
      const nightly = { ...declared, schedule };
      await under.store.declare('one', [
        definition('beta.echo', declared),
        definition('alpha.nightly', nightly, schedule.cron),
        definition('alpha.echo', declared),
      ]);
      await under.store.declare('two', [definition('alpha.echo', declared)]);
      await under.write([
        storedJob({ id: idOf(1), tenantId: ACME, state: 'dead' }),
        storedJob({ id: idOf(2), tenantId: GLOBEX, state: 'dead' }),
        storedJob({ id: idOf(3), tenantId: ACME, state: 'running' }),
        storedJob({ id: idOf(4), tenantId: ACME, state: 'succeeded' }),
      ]);
      const none = { blocked: 0, scheduled: 0, ready: 0, running: 0, dead: 0 };
      const shown = { ...described, payloadSchema: declared.payload, schedule: null };
      const echo = { ...shown, name: 'alpha.echo', product: 'alpha', workers: 2 };
      const state = { nextDue: null, lastDue: null, missed: 0, pausedAt: null };
      const night = { ...echo, name: 'alpha.nightly', schedule: { ...schedule, ...state }, counts: none, workers: 1 };
      const beta = { ...echo, name: 'beta.echo', product: 'beta', counts: none, workers: 1 };
      expect(await desk.definitions(ALPHA_OF_ACME)).toEqual([
        { ...echo, counts: { ...none, dead: 1, running: 1 } },
        night,
      ]);
      expect(await desk.definitions(ALL)).toEqual([{ ...echo, counts: { ...none, dead: 2, running: 1 } }, night, beta]);
      expect(await desk.definitions(ALL, { product: 'beta' })).toEqual([beta]);
      expect(await desk.definitions(ALPHA_OF_ACME, { name: 'alpha.nightly' })).toEqual([night]);
      expect(await desk.definitions(ALPHA_OF_ACME, { name: 'beta.echo' })).toEqual([]);
      expect(await desk.definitions(ALPHA_OF_ACME, { product: 'beta' })).toEqual([]);
    });

    it('pauses a schedule and lets it go on, where all is in its scope', async () => {
      await under.store.declare('one', [definition('alpha.nightly', { schedule: {} }, '0 2 * * *')]);
      const pausedAt = async () => (await desk.definitions(ALL))[0]!.schedule!.pausedAt;
      expect(await desk.pause(ALPHA_OF_ACME, 'alpha.nightly')).toBe(false);
      expect(await desk.pause(ALL, 'alpha.unknown')).toBe(false);
      expect(await pausedAt()).toBeNull();
      expect(await desk.pause(ALL, 'alpha.nightly')).toBe(true);
      expect(await pausedAt()).toBeInstanceOf(Date);
      expect(await desk.resume(ALPHA_OF_ACME, 'alpha.nightly')).toBe(false);
      expect(await desk.resume(ALL, 'alpha.unknown')).toBe(false);
      expect(await pausedAt()).toBeInstanceOf(Date);
      expect(await desk.resume(ALL, 'alpha.nightly')).toBe(true);
      expect(await pausedAt()).toBeNull();
    });

    it('makes a job by hand, unless an open one has its key', async () => {
      const keyed = byHand({ id: idOf(1), onceKey: 'key', payload: { by: 'hand' } });
      expect(await desk.run(ALPHA_OF_ACME, keyed)).toBe('queued');
      expect(await desk.run(ALPHA_OF_ACME, { ...keyed, id: idOf(2) })).toBe('taken');
      expect(await desk.run(ALL, byHand({ id: idOf(3), tenantId: null, fansOut: true }))).toBe('queued');
      expect(await desk.jobs(ALL, {}, FIRST_PAGE)).toMatchObject([
        { id: idOf(3), state: 'ready', tenantId: null, fansOut: true },
        { id: idOf(1), state: 'ready', tenantId: ACME, payload: { by: 'hand' } },
      ]);
      expect(await desk.cancel(ALL, idOf(1))).toBe('cancelled');
      expect(await desk.run(ALPHA_OF_ACME, { ...keyed, id: idOf(2) })).toBe('queued');
      expect(await desk.retry(ALPHA_OF_ACME, idOf(1))).toBe('taken');
    });

    it('shows a cancelled job as open while what it held is given back, with the runs it had begun', async () => {
      await under.store.declare('one', [definition('alpha.echo', { givesBack: true, retry: { attempts: 5 } })]);
      await under.write([storedJob({ id: idOf(1), tenantId: ACME })]);
      expect(await desk.cancel(ALL, idOf(1))).toBe('cancelled');
      expect(await desk.job(ALL, idOf(1))).toMatchObject({
        state: 'ready',
        attempts: 0,
        note: 'It was cancelled. What it held is given back next.',
      });
    });

    it('leaves nothing of a scope to whoever asks next', async () => {
      await under.write([storedJob({ id: idOf(1), tenantId: ACME })]);
      const nobody: JobScope = { kind: 'tenant', tenantId: GLOBEX, products: ['alpha'] };
      for (let round = 0; round < 20; round += 1) {
        expect(await desk.job(ALL, idOf(1))).not.toBeNull();
        expect(await desk.job(nobody, idOf(1))).toBeNull();
      }
    });

    it('reaches nothing of another tenant, of another product or of no tenant, whatever it is asked for', async () => {
      const outside = [
        { tenantId: GLOBEX, name: 'alpha.echo' },
        { tenantId: ACME, name: 'beta.echo' },
        { tenantId: ACME, name: 'alphabet.echo' },
        { tenantId: null, name: 'alpha.echo' },
      ];
      const theirs = outside.flatMap((whose, at) =>
        JOB_STATES.map((state, nth) => {
          const id = idOf(100 + at * 10 + nth);
          const run = { fence: 1, attempt: 1, worker: WORKER, startedAt: new Date(), error: 'secret', log: ['secret'] };
          const ended = { endedAt: new Date(), outcome: 'failed' } as const;
          const after = nth ? [idOf(100 + at * 10)] : [];
          return storedJob({ ...whose, id, state, schedule: whose.name, after, runs: [{ ...run, ...ended }] });
        }),
      );
      // Its own, which is younger, and names all of theirs as what it runs after.
      const own = storedJob({ id: idOf(300), tenantId: ACME, state: 'dead', after: theirs.map(({ id }) => id) });
      await under.store.declare('one', [definition('alpha.echo', { schedule: {} }, '0 2 * * *')]);
      await under.write([own, ...theirs]);
      const before = await under.everything();
      const { asked, names } = namesOfCalls(desk);
      const leaving = new AbortController();
      const watched = await asked.watch(ALPHA_OF_ACME, { signal: leaving.signal });

      const ids = theirs.map(({ id }) => id);
      const filters: JobFilter[] = [
        {},
        ...JOB_STATES.map((state) => ({ states: [state] })),
        ...outside.flatMap(({ name: of, tenantId }) => [
          { name: of },
          { schedule: of },
          { product: productOf({ name: of }) },
          ...(tenantId ? [{ tenantId }, { tenantId, name: of }, { tenantId, product: productOf({ name: of }) }] : []),
        ]),
      ];
      for (const filter of filters) {
        const page = await asked.jobs(ALPHA_OF_ACME, filter, FIRST_PAGE);
        expect(page.map(({ id }) => id).filter((id) => id !== own.id)).toEqual([]);
        expect(await asked.jobs(ALPHA_OF_ACME, filter, { take: 100, afterId: own.id })).toEqual([]);
      }
      expect(await asked.attempts(ALPHA_OF_ACME, [own.id, ...ids])).toEqual([]);
      expect(await asked.dependencies(ALPHA_OF_ACME, [own.id, ...ids])).toEqual([]);
      expect((await asked.definitions(ALPHA_OF_ACME)).map(({ name: of, counts }) => [of, counts])).toEqual([
        ['alpha.echo', { blocked: 0, scheduled: 0, ready: 0, running: 0, dead: 1 }],
      ]);
      for (const id of ids) {
        expect(await asked.job(ALPHA_OF_ACME, id)).toBeNull();
        expect(await asked.retry(ALPHA_OF_ACME, id)).toBe('not found');
        expect(await asked.cancel(ALPHA_OF_ACME, id)).toBe('not found');
      }
      for (const [at, whose] of outside.entries()) {
        expect(await asked.run(ALPHA_OF_ACME, byHand({ ...whose, id: idOf(500 + at) }))).toBe('not found');
        if (whose.name !== own.name) expect(await asked.retryDead(ALPHA_OF_ACME, whose.name)).toBe(0);
        expect(await asked.pause(ALPHA_OF_ACME, whose.name)).toBe(false);
        expect(await asked.resume(ALPHA_OF_ACME, whose.name)).toBe(false);
      }
      expect(await under.everything()).toEqual(before);

      // What does change of theirs is not told either: the first that is heard of is its own.
      await under.store.insert(outside.map((whose, at) => jobRecord({ ...whose, id: idOf(600 + at) })));
      expect(await asked.retryDead(ALPHA_OF_ACME, 'alpha.echo')).toBe(1);
      expect((await watched.next()).value).toMatchObject({ id: own.id });
      leaving.abort();
      const ofNoScope = ['overview', 'health', 'close'];
      expect([...names, ...ofNoScope].sort()).toEqual(Object.keys(desk).sort());

      const nobody: JobScope = { kind: 'tenant', tenantId: idOf(1), products: ['alpha', 'beta'] };
      expect(await desk.jobs(nobody, {}, FIRST_PAGE)).toEqual([]);
      for (const { id } of [own, ...theirs]) expect(await desk.job(nobody, id)).toBeNull();
    });

    it('tells who watches of what changes in their scope, until they leave', async () => {
      const leaving = new AbortController();
      const first = await desk.watch(ALL, { signal: leaving.signal });
      const second = await desk.watch(ALPHA_OF_ACME, { signal: leaving.signal });
      await first.return!();
      await under.store.insert([
        jobRecord({ id: idOf(1), name: 'alpha.echo', tenantId: GLOBEX }),
        jobRecord({ id: idOf(2), name: 'beta.echo', tenantId: ACME }),
        jobRecord({ id: idOf(3), name: 'alpha.echo', tenantId: ACME }),
      ]);
      expect(await second.next()).toEqual({
        done: false,
        value: { id: idOf(3), state: 'ready', tenantId: ACME, name: 'alpha.echo' },
      });
      leaving.abort();
      expect(await first.next()).toEqual({ done: true, value: undefined });
      expect(await second.next()).toEqual({ done: true, value: undefined });
    });

    it('tells a watcher that changes were missed when its connection was cut', async () => {
      const leaving = new AbortController();
      const watched = await desk.watch(ALL, { signal: leaving.signal });
      under.cut();
      under.mend();
      expect((await watched.next()).value).toMatchObject({ kind: 'missed' });
      leaving.abort();
    });

    it('says in words within two seconds that its server is away, and is ready again when that is back', async () => {
      expect(await desk.health()).toEqual({ name: 'job store', ready: true, reason: null });
      under.cut();
      // The first question finds a connection broken, the second finds none.
      for (let asked = 0; asked < 2; asked += 1) {
        const from = performance.now();
        expect(await desk.health()).toEqual({
          name: 'job store',
          ready: false,
          reason: expect.stringMatching(new RegExp(`^${name} does not answer: \\w`)),
        });
        expect(performance.now() - from).toBeLessThan(2_000);
      }
      under.mend();
      await until('the job store is ready', async () => (await desk.health()).ready);
    });
  });
}
