import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { JobRecord } from '@inevitable/contract';
import { Conflict, defineJob, JobCancelled, type JobDefinition } from '@inevitable/kit';
import { openJobStore, type JobStore, type Worker } from '@inevitable/kit/host';
import { pino } from 'pino';
import { z } from 'zod';
import type { JobDatabase, OpenJobDatabase } from '../../support/job-database.js';
import { jobRecord, jobRecords, tenant } from '../../support/job-records.js';
import { activeTenants, startJobWorker, type JobWorkerOptions } from '../../support/job-worker.js';
import { until } from '../../support/test-stack.js';

const AT_ONCE = { backoff: 'fixed', firstMs: 1 } as const;

export interface RunnerSuite {
  /** Jobs of a tenant that floods the store. */
  readonly flood?: number;
}

/** What workers promise of jobs, whatever these are kept in. */
export function describeRunner(name: string, open: OpenJobDatabase, { flood = 2_000 }: RunnerSuite = {}): void {
  describe(`With jobs in ${name}`, () => {
    let database: JobDatabase;
    let store: JobStore;
    const workers: Worker[] = [];
    beforeAll(async () => {
      database = await open();
      store = await openJobStore(database.url, pino({ level: 'silent' }));
    });
    beforeEach(() => database.empty());
    afterEach(async () => {
      await Promise.all(workers.splice(0).map((worker) => worker.stop(0)));
    });
    afterAll(async () => {
      await store.close();
      await database.close();
    });

    async function work(
      jobs: readonly JobDefinition<never, never>[],
      options: Partial<JobWorkerOptions> = {},
    ): Promise<Worker> {
      const worker = await startJobWorker({ url: database.url, jobs, ...options });
      workers.push(worker);
      return worker;
    }

    async function insert(...records: readonly JobRecord[]): Promise<string> {
      await store.insert(records);
      return records[0]!.id;
    }

    const job = <Payload extends object>(
      definition: Partial<JobDefinition<Payload, never>> & { readonly run: JobDefinition<Payload, never>['run'] },
    ): JobDefinition<never, never> =>
      defineJob({ name: 'starter.job', payload: z.object({}), ...definition } as never) as never;

    const states = () => database.states();
    const stored = (id: string) => database.job(id);
    const attemptsOf = (id: string) => database.attempts(id);
    const untilState = (id: string, state: string) =>
      until(`the job is ${state}`, async () => (await stored(id)).state === state);
    const allEnded = () =>
      until('all jobs have ended', async () =>
        Object.keys(await states()).every((state) => ['succeeded', 'dead', 'cancelled'].includes(state)),
      );

    /** Something a handler waits for, and a test gives. */
    function gate() {
      let open: () => void = () => undefined;
      const opened = new Promise<void>((resolve) => (open = resolve));
      return { open, opened };
    }

    describe('A job', () => {
      it.each<[string, () => unknown]>([
        [
          'an error whose message is no text',
          () => Promise.reject(Object.assign(new Error(), { message: { code: 7 } })),
        ],
        ['null', () => Promise.reject(null)],
        ['an error with the character 0', () => Promise.reject(new Error('a\0b'))],
      ])('that ends with %s is dead, and its place is free', async (_what, run) => {
        const odd = job({ concurrency: 1, retry: { attempts: 1, ...AT_ONCE }, run: run as never });
        const good = job({ name: 'starter.good', concurrency: 1, run: () => Promise.resolve() });
        await work([odd, good]);
        const ids = [
          await insert(jobRecord({ name: 'starter.job' })),
          await insert(jobRecord({ name: 'starter.job' })),
        ];
        for (const id of ids) await untilState(id, 'dead');
        await untilState(await insert(jobRecord({ name: 'starter.good' })), 'succeeded');
      });

      it('that fails with what is written for callers says so beside it', async () => {
        const refused = job({
          retry: { attempts: 1, ...AT_ONCE },
          run: () => Promise.reject(new Conflict('The slug is taken.')),
        });
        await work([refused]);
        const id = await insert(jobRecord({ name: 'starter.job' }));
        await untilState(id, 'dead');
        expect(await stored(id)).toMatchObject({ note: 'The slug is taken.', error: 'The slug is taken.' });
      });

      it('may tell of progress and log whatever it likes, and neither it nor the others are lost for it', async () => {
        const circle: Record<string, unknown> = {};
        circle['of'] = circle;
        const others = gate();
        await work([
          job({
            run({ progress, log }) {
              for (const fraction of [1e-60, NaN, -1, Infinity, 1e300]) progress(fraction, 'odd \0 \ud800');
              log.info('a bigint', { n: 5n });
              log.info('a circle', circle);
              return others.opened;
            },
          }),
        ]);
        const ids = [
          await insert(jobRecord({ name: 'starter.job' })),
          await insert(jobRecord({ name: 'starter.job' })),
        ];
        await until('what they say is there', async () =>
          (await database.jobs()).every(({ note }) => String(note).startsWith('odd')),
        );
        others.open();
        for (const id of ids) await untilState(id, 'succeeded');
      });

      it('whose handler ignores its signal loses its place at the timeout', async () => {
        const ran: string[] = [];
        await work([
          job<{ hangs?: boolean | undefined }>({
            payload: z.object({ hangs: z.boolean().optional() }),
            concurrency: 1,
            timeoutMs: 50,
            retry: { attempts: 1, ...AT_ONCE },
            run({ id, payload }) {
              ran.push(id);
              return payload.hangs ? new Promise(() => undefined) : Promise.resolve();
            },
          }),
        ]);
        const hanging = await insert(jobRecord({ name: 'starter.job', payload: { hangs: true } }));
        const next = await insert(jobRecord({ name: 'starter.job' }));
        await untilState(next, 'succeeded');
        expect(ran).toEqual([hanging, next]);
        expect(await stored(hanging)).toMatchObject({ state: 'dead', error: 'The job did not end within 50 ms.' });
      });

      it('that another worker holds now has its signal aborted, and its end is not written', async () => {
        const began = gate();
        let reason: unknown = null;
        let finish: () => void = () => undefined;
        const worker = await work([
          job({
            timeoutMs: 40_000,
            run({ signal }) {
              began.open();
              signal.addEventListener('abort', () => (reason = signal.reason));
              return new Promise((resolve) => (finish = resolve));
            },
          }),
        ]);
        const id = await insert(jobRecord({ name: 'starter.job' }));
        await began.opened;
        await database.steal([id]);
        await until('the worker has noticed', () => Promise.resolve(reason !== null), 10_000);
        expect(reason).toMatchObject({
          message: `This worker lost job ${id}: another worker has it, or it was cancelled.`,
        });
        finish();
        await until('it holds nothing', () => Promise.resolve(worker.runner.running === 0));
        expect(worker.runner.lostLeases).toBe(1);
        expect(await stored(id)).toMatchObject({ state: 'running', attempts: 1, worker: 'another' });
        expect(await attemptsOf(id)).toEqual([]);
      });

      it("that the same worker claims anew, because the store's clock has jumped, aborts its run of before", async () => {
        const runs: { readonly attempt: number; readonly signal: AbortSignal }[] = [];
        await work([
          job({
            run({ attempt, signal }) {
              runs.push({ attempt, signal });
              return new Promise((resolve, reject) => {
                if (attempt === 2) resolve();
                signal.addEventListener('abort', () => reject(signal.reason as Error));
              });
            },
          }),
        ]);
        const id = await insert(jobRecord({ name: 'starter.job' }));
        await until('it runs', () => Promise.resolve(runs.length === 1));
        await database.advance({ seconds: 16 });
        await untilState(id, 'succeeded');
        expect(runs.map(({ attempt, signal }) => [attempt, signal.aborted])).toEqual([
          [1, true],
          [2, false],
        ]);
        expect((await attemptsOf(id)).map(({ outcome }) => outcome)).toEqual(['lost', 'succeeded']);
      });

      it('of a name that no worker knows waits, and runs when one does', async () => {
        const id = await insert(jobRecord({ name: 'starter.unknown' }));
        await work([job({ run: () => Promise.resolve() })]);
        await untilState(await insert(jobRecord({ name: 'starter.job' })), 'succeeded');
        expect(await stored(id)).toMatchObject({ state: 'ready', attempts: 0 });
        await work([job({ name: 'starter.unknown', run: () => Promise.resolve() })]);
        await untilState(id, 'succeeded');
      });

      it('that is cancelled while it runs is told so, and stays cancelled', async () => {
        const began = gate();
        const aborted = gate();
        await work([
          job({
            run({ signal }) {
              began.open();
              signal.addEventListener('abort', aborted.open);
              return aborted.opened;
            },
          }),
        ]);
        const id = await insert(jobRecord({ name: 'starter.job' }));
        await began.opened;
        await database.cancel(id);
        await aborted.opened;
        expect(await stored(id)).toMatchObject({ state: 'cancelled' });
        expect(await attemptsOf(id)).toMatchObject([{ outcome: 'cancelled' }]);
      });
    });

    describe('A job that has failed for the last time', () => {
      it('is given up once, with the last error, and is dead', async () => {
        const gaveUp: unknown[] = [];
        await work([
          job({
            retry: { attempts: 2, ...AT_ONCE },
            run: ({ attempt }) => Promise.reject(new Error(`run ${attempt} failed`)),
            gaveUp: ({ attempt }, error) => Promise.resolve(void gaveUp.push([attempt, error.message])),
          }),
        ]);
        const id = await insert(jobRecord({ name: 'starter.job' }));
        await untilState(id, 'dead');
        expect(gaveUp).toEqual([[2, 'run 2 failed']]);
        expect(await stored(id)).toMatchObject({ attempts: 2, error: 'run 2 failed' });
      });

      it('is given up again where that threw, with the error it failed with, and is dead then', async () => {
        const gaveUp: string[] = [];
        let runs = 0;
        await work([
          job({
            retry: { attempts: 2, ...AT_ONCE },
            run() {
              runs += 1;
              return Promise.reject(new Error(`run ${runs} failed`));
            },
            gaveUp(_run, error) {
              gaveUp.push(error.message);
              return gaveUp.length === 1 ? Promise.reject(new Error('the peer is away')) : Promise.resolve();
            },
          }),
        ]);
        const id = await insert(jobRecord({ name: 'starter.job' }));
        await until('it was given up for the first time', async () => (await attemptsOf(id)).length === 2);
        await untilState(id, 'scheduled');
        await database.advance({ seconds: 31 });
        await untilState(id, 'dead');
        expect(runs).toBe(2);
        expect(gaveUp).toHaveLength(2);
        expect(gaveUp[1]).toContain('run 2 failed');
        expect((await stored(id)).error).toContain('run 2 failed');
      });

      it('because its workers were lost each time is given up, and is not run once more', async () => {
        const gaveUp: string[] = [];
        let runs = 0;
        const id = await insert(jobRecord({ name: 'starter.job' }));
        for (let lost = 0; lost < 2; lost += 1) {
          const wanted = [
            { name: 'starter.job', room: 1, perTenant: null, perProduct: null, share: null, afterTenant: null },
          ];
          expect(await store.claim({ worker: 'killed', leaseMs: 15_000, wanted })).toHaveLength(1);
          await database.advance({ seconds: 16 });
          await store.look();
        }
        await work([
          job({
            retry: { attempts: 2, ...AT_ONCE },
            run: () => Promise.resolve(void (runs += 1)),
            gaveUp: (_run, error) => Promise.resolve(void gaveUp.push(error.message)),
          }),
        ]);
        await untilState(id, 'dead');
        expect(runs).toBe(0);
        expect(gaveUp).toEqual(['The worker was not heard of any more.']);
      });
    });

    describe('A job that somebody cancels', () => {
      const cancel = (id: string) => database.cancel(id);
      /** Which workers declare is in the store when they work. */
      function giving(gaveUp: (error: Error) => Promise<void>, run: () => Promise<void> = () => Promise.resolve()) {
        return job({ retry: { attempts: 2, ...AT_ONCE }, run, gaveUp: (_run, error) => gaveUp(error) });
      }

      it('before it ran gives back what it held, and is never run', async () => {
        const told: Error[] = [];
        let runs = 0;
        await work([
          giving(
            (error) => Promise.resolve(void told.push(error)),
            () => Promise.resolve(void (runs += 1)),
          ),
        ]);
        const id = await insert(jobRecord({ name: 'starter.job', runAt: '2999-01-01T00:00:00Z' }));
        await cancel(id);
        await untilState(id, 'cancelled');
        expect(told).toEqual([expect.any(JobCancelled)]);
        expect(runs).toBe(0);
        expect(await stored(id)).toMatchObject({ attempts: 0, error: null });
      });

      it('while it runs has its signal aborted first, and gives back afterwards', async () => {
        const steps: string[] = [];
        const began = gate();
        const aborted = gate();
        await work([
          job({
            run({ signal }) {
              began.open();
              signal.addEventListener('abort', () => (steps.push('aborted'), aborted.open()));
              return new Promise(() => undefined);
            },
            gaveUp: (_run, error) => Promise.resolve(void steps.push(error.message)),
          }),
        ]);
        const id = await insert(jobRecord({ name: 'starter.job' }));
        await began.opened;
        await cancel(id);
        await aborted.opened;
        await database.advance({ seconds: 16 });
        await untilState(id, 'cancelled');
        expect(steps).toEqual(['aborted', 'It was cancelled.']);
        expect((await attemptsOf(id)).map(({ outcome }) => outcome)).toEqual(['cancelled', 'cancelled']);
      });

      it('is asked again every 30 s where giving back failed, and is dead after ten times', async () => {
        let asked = 0;
        await work([
          giving(() => {
            asked += 1;
            return Promise.reject(new Error('the peer is away'));
          }),
        ]);
        const id = await insert(jobRecord({ name: 'starter.job', runAt: '2999-01-01T00:00:00Z' }));
        await cancel(id);
        for (let tries = 1; tries < 10; tries += 1) {
          await until('it was asked', async () => asked === tries && (await stored(id)).state === 'scheduled');
          await database.advance({ seconds: 31 });
        }
        await untilState(id, 'dead');
        expect(asked).toBe(10);
        expect(await stored(id)).toMatchObject({ error: 'It was cancelled.', attempts: 0 });
      });

      it('has ended as cancelled where its payload fits no more: nothing can be given back', async () => {
        let asked = 0;
        await work([
          job<{ n: number }>({
            payload: z.object({ n: z.number() }),
            run: () => Promise.resolve(),
            gaveUp: () => Promise.resolve(void (asked += 1)),
          }),
        ]);
        const id = await insert(jobRecord({ name: 'starter.job', runAt: '2999-01-01T00:00:00Z' }));
        await cancel(id);
        await untilState(id, 'cancelled');
        expect(asked).toBe(0);
      });
    });

    describe('A scheduled job', () => {
      /** Resolves with when it is due. */
      async function untilComputed(): Promise<Date> {
        await until('it is computed', async () => (await database.schedules())[0]!.nextDue !== null);
        return (await database.schedules())[0]!.nextDue!;
      }
      const everySecond = { cron: '* * * * * *', timezone: 'UTC' } as const;
      const firings = () => database.firings();

      it('runs each time it comes due, and two workers do not run one twice', async () => {
        let runs = 0;
        const scheduled = job({
          schedule: { ...everySecond, overlap: 'allow' },
          run: () => Promise.resolve(void (runs += 1)),
        });
        await Promise.all([work([scheduled]), work([scheduled])]);
        await until('it has run three times', () => Promise.resolve(runs >= 3));
        const fired = await firings();
        expect(fired.length).toBeGreaterThanOrEqual(3);
        const seconds = fired.map(({ due }) => due.getTime() / 1_000);
        expect(seconds).toEqual(seconds.map((_, index) => seconds[0]! + index));
        await allEnded();
        expect((await states())['succeeded']).toBe((await firings()).length);
      });

      it('that is still running when it comes due again is left out with "skip"', async () => {
        const finish = gate();
        let runs = 0;
        await work([
          job({
            schedule: { ...everySecond, overlap: 'skip' },
            run() {
              runs += 1;
              return finish.opened;
            },
          }),
        ]);
        await until(
          'two due times were left out',
          async () => (await firings()).filter((each) => each.job === null).length >= 2,
        );
        expect(runs).toBe(1);
        expect(await states()).toEqual({ running: 1 });
        finish.open();
        await until('it runs again', () => Promise.resolve(runs >= 2));
      });

      it('that is still running when it comes due again runs afterwards with "queue"', async () => {
        const finish = gate();
        let [runs, together, most] = [0, 0, 0];
        await work([
          job({
            schedule: { ...everySecond, overlap: 'queue' },
            async run() {
              runs += 1;
              together += 1;
              most = Math.max(most, together);
              await finish.opened;
              together -= 1;
            },
          }),
        ]);
        await until('two runs wait', async () => ((await states())['ready'] ?? 0) >= 2);
        expect(await states()).toMatchObject({ running: 1 });
        finish.open();
        await until('they have run', () => Promise.resolve(runs >= 3));
        expect(most).toBe(1);
      });

      it('that is still running when it comes due again runs beside itself with "allow"', async () => {
        const finish = gate();
        let together = 0;
        await work([
          job({
            schedule: { ...everySecond, overlap: 'allow' },
            async run() {
              together += 1;
              await finish.opened;
            },
          }),
        ]);
        await until('two run at once', () => Promise.resolve(together >= 2));
        finish.open();
      });

      it.each([
        ['none', 0, 60],
        ['last', 1, 59],
        ['all', 60, 0],
      ] as const)(
        'that came due 60 times while nobody was there catches up with "%s" of them',
        async (catchUp, runs, missed) => {
          const hourly = job({
            schedule: { cron: '30 * * * *', timezone: 'UTC', overlap: 'allow', catchUp },
            run: () => Promise.resolve(),
          });
          const first = await work([hourly]);
          const nextDue = await untilComputed();
          await first.stop(0);
          workers.splice(0);
          // To a quarter past an hour, the 60th due time well over.
          const laterMs = (59 * 60 + 45) * 60_000;
          await database.advance({ seconds: (nextDue.getTime() + laterMs - (await database.now()).getTime()) / 1_000 });
          await work([hourly]);
          await until('it has gone on', async () => {
            const [schedule] = await database.schedules();
            return schedule!.nextDue! > (await database.now());
          });
          // A store may move the schedule on first, and insert its jobs then.
          await until('they are inserted', async () => (await firings()).length >= runs);
          await allEnded();
          expect(await database.schedules()).toMatchObject([{ missed }]);
          expect((await firings()).length).toBe(runs);
          expect((await states())['succeeded'] ?? 0).toBe(runs);
        },
      );

      it('of each tenant makes one run of every active tenant', async () => {
        const tenants = [1, 2, 3, 4, 5].map(tenant);
        const ran: (string | null)[] = [];
        await work(
          [
            job({
              scope: 'each-tenant',
              schedule: { cron: '0 0 1 1 *', timezone: 'UTC' },
              run: (run) => Promise.resolve(void ran.push(run.tenant)),
            }),
          ],
          { tenants },
        );
        const nextDue = await untilComputed();
        await database.advance({ seconds: (nextDue.getTime() - (await database.now()).getTime()) / 1_000 + 1 });
        await until('every tenant had its run', () => Promise.resolve(ran.length === tenants.length));
        await allEnded();
        expect(ran.toSorted()).toEqual(tenants);
        expect(await states()).toEqual({ succeeded: tenants.length + 1 });
      });

      it('of each tenant is made of each once, also where the first attempt broke off in the middle', async () => {
        const tenants = [1, 2, 3, 4, 5].map(tenant);
        const ran: (string | null)[] = [];
        const each = job({
          scope: 'each-tenant',
          retry: { attempts: 3, ...AT_ONCE },
          run: (run) => Promise.resolve(void ran.push(run.tenant)),
        });
        const id = await insert(jobRecord({ name: 'starter.job', fansOut: true }));
        let pages = 0;
        const whole = activeTenants(tenants);
        const breaking = {
          ...whole,
          active: (after: Parameters<typeof whole.active>[0]) =>
            (pages += 1) === 2 ? Promise.reject(new Error('core-identity is away')) : whole.active(after),
        };
        await work([each], { tenantsPort: breaking });
        await untilState(id, 'succeeded');
        await allEnded();
        expect(ran.toSorted()).toEqual(tenants);
        expect(await attemptsOf(id)).toMatchObject([
          { attempt: 1, outcome: 'postponed', error: 'Core-identity could not list the tenants.' },
          { attempt: 1, outcome: 'succeeded' },
        ]);
      });
    });

    describe('A schedule that the store refuses to fire', () => {
      it('keeps neither other schedules nor jobs waiting', async () => {
        const ran: string[] = [];
        const everySecond = (name: string) =>
          job({ name, schedule: { cron: '* * * * * *' }, run: () => Promise.resolve(void ran.push(name)) });
        const allow = await database.refuseFirings('starter.a');
        try {
          await work([everySecond('starter.a'), everySecond('starter.b'), job({ run: () => Promise.resolve() })]);
          await until('the other one ran', () => Promise.resolve(ran.includes('starter.b')));
          await untilState(await insert(jobRecord({ name: 'starter.job' })), 'succeeded');
          expect(ran).not.toContain('starter.a');
        } finally {
          await allow();
        }
      });
    });

    describe('A worker', () => {
      it('is known while it works, with what it runs, and no more once it has stopped', async () => {
        const worker = await work([job({ run: () => Promise.resolve() })]);
        expect(await database.workers()).toEqual([{ names: ['starter.job'] }]);
        workers.splice(0);
        await worker.stop(0);
        expect(await database.workers()).toEqual([]);
      });
    });

    /** Jobs that take 5 ms each, and tell of their tenants in the order they began. */
    const busy = (order: string[], concurrency: number) =>
      job({
        concurrency,
        async run({ tenant: of }) {
          order.push(of!);
          await new Promise((resolve) => setTimeout(resolve, 5));
        },
      });

    describe(`A flood of ${flood.toLocaleString('en')} jobs of one tenant`, () => {
      it.each([4, 2, 1])(
        'in a worker with %i places lets the job of another tenant begin after a few of them',
        async (perWorker) => {
          const order: string[] = [];
          await insert(...jobRecords(flood, { name: 'starter.job', tenantId: tenant(1) }));
          await work([busy(order, perWorker)]);
          await until('the flood runs', () => Promise.resolve(order.length > 20));
          await insert(jobRecord({ name: 'starter.job', tenantId: tenant(2) }));
          const before = order.length;
          await until('the quiet tenant had its run', () => Promise.resolve(order.includes(tenant(2))), 20_000);
          expect(order.indexOf(tenant(2)) - before).toBeLessThan(3 * perWorker + 3);
        },
      );

      it('is worked off as its places become free, and does not wait to be looked at', async () => {
        let runs = 0;
        await insert(...jobRecords(200, { name: 'starter.job', tenantId: tenant(1) }));
        await work([job({ run: () => Promise.resolve(void (runs += 1)) })]);
        // At a look a second, which takes three of one tenant's jobs, this would take a minute.
        await until('all have run', () => Promise.resolve(runs === 200), 30_000);
      });
    });

    describe('A worker that has learnt that runs are short', () => {
      /** Waits for the gate where its payload says so, in its first run. */
      const mixed = (finish: Promise<void>, began: string[]) =>
        job<{ waits?: boolean | undefined }>({
          payload: z.object({ waits: z.boolean().optional() }),
          async run({ id, payload, attempt, signal }) {
            began.push(id);
            if (!payload.waits || attempt > 1) return;
            const aborted = new Promise<never>((_, reject) =>
              signal.addEventListener('abort', () => reject(signal.reason as Error)),
            );
            await Promise.race([finish, aborted]);
          },
        });
      /** One with a record of 200 short runs. */
      async function learnt(finish: Promise<void>, began: string[]): Promise<Worker> {
        const worker = await work([mixed(finish, began)]);
        await insert(...jobRecords(200, { name: 'starter.job' }));
        await allEnded();
        return worker;
      }
      const waiting = () => jobRecords(4, { name: 'starter.job', payload: { waits: true }, priority: 1 });

      it('does not keep jobs behind its long runs from others who could begin them', async () => {
        const { open, opened } = gate();
        await learnt(opened, []);
        const long = waiting();
        const short = jobRecords(4, { name: 'starter.job' });
        await insert(...long, ...short);
        await until('the long ones run', async () => ((await states())['running'] ?? 0) >= 4);
        await work([mixed(opened, [])]);
        const haveRun = async () => {
          const found = await Promise.all(short.map(({ id }) => stored(id)));
          return found.every(({ state }) => state === 'succeeded');
        };
        await until('the short ones have run elsewhere', haveRun, 5_000);
        open();
      });

      it("leaves a place to other tenants all the same, when one tenant's runs are long", async () => {
        const { open, opened } = gate();
        await learnt(opened, []);
        await insert(...jobRecords(10, { name: 'starter.job', tenantId: tenant(1), payload: { waits: true } }));
        await until('they run', async () => ((await states())['running'] ?? 0) >= 3);
        const quiet = await insert(jobRecord({ name: 'starter.job', tenantId: tenant(2) }));
        await until('the quiet tenant had its run', async () => (await stored(quiet)).state === 'succeeded', 5_000);
        open();
      });

      it('has all its places again when it has lost jobs that it had not begun', async () => {
        const { open, opened } = gate();
        const began: string[] = [];
        const worker = await learnt(opened, began);
        await insert(...waiting(), ...jobRecords(4, { name: 'starter.job' }));
        await until('the long ones run', async () => ((await states())['running'] ?? 0) >= 4);
        const running = (await database.jobs()).filter(({ state }) => state === 'running');
        await database.steal(running.map(({ id }) => id));
        await until('it has lost them', () => Promise.resolve(worker.runner.running === 0), 10_000);
        began.splice(0);
        await insert(...waiting());
        await until('four run at once', () => Promise.resolve(began.length === 4), 5_000);
        open();
      });
    });

    describe('A flood of several tenants', () => {
      it.each([
        [2, 1],
        [6, 4],
      ])(
        'of %i in a worker with %i places lets the job of another tenant begin when each had a few turns',
        async (floods, perWorker) => {
          const order: string[] = [];
          for (let number = 1; number <= floods; number += 1)
            await insert(...jobRecords(200, { name: 'starter.job', tenantId: tenant(number) }));
          await work([busy(order, perWorker)]);
          await until('the flood runs', () => Promise.resolve(order.length > 20));
          await insert(jobRecord({ name: 'starter.job', tenantId: tenant(99) }));
          const before = order.length;
          await until('the quiet tenant had its run', () => Promise.resolve(order.includes(tenant(99))), 20_000);
          expect(order.indexOf(tenant(99)) - before).toBeLessThan(3 * (floods + perWorker));
        },
      );
    });
  });
}
