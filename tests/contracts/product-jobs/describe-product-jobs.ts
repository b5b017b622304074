import { afterEach, describe, expect, it } from '@jest/globals';
import { openJobDesk, openJobStore, tenantWork } from '@inevitable/kit/host';
import type { JobRecord, StackEvent, TenantId, TenantRecord, TenantsPort } from '@inevitable/contract';
import { defineJob, defineSubgraph, type JobDefinition } from '@inevitable/kit';
import { testSubgraph, type TestSubgraph, type TestSubgraphOptions } from '@inevitable/kit/testing';
import starter from '@inevitable/starter';
import { noteChanged } from '../../../subgraphs/starter/events/note-changed.js';
import { v7 } from 'uuid';
import { pino } from 'pino';
import { z } from 'zod';
import type { StoredJobs } from '../../support/job-database.js';
import { until } from '../../support/test-stack.js';

const silent = pino({ level: 'silent' });
const RETRY_AT_ONCE = { attempts: 3, backoff: 'fixed', firstMs: 1 } as const;

/** Where a product's jobs are kept, and how to look into that. */
export interface ProductJobs {
  /** What the product is hosted with. */
  readonly options: Pick<TestSubgraphOptions, 'jobStore'>;
  urls(product: TestSubgraph): { readonly runnerUrl: string; readonly readerUrl: string };
  /** Closed by whoever asks. */
  stored(product: TestSubgraph): StoredJobs;
}

/** What a product's jobs promise from its transaction on, whatever they are kept in. `keep`: once for each product. */
export function describeProductJobs(name: string, keep: () => Promise<ProductJobs>): void {
  describe(`With jobs in ${name}`, () => {
    let kept: ProductJobs;
    let stored: StoredJobs;
    let product: TestSubgraph | null = null;
    afterEach(async () => {
      await stored.close();
      await product?.close();
      product = null;
    });

    /** The starter, as its declaration and these say. */
    async function host(
      declaration: Parameters<typeof testSubgraph>[0],
      options: TestSubgraphOptions = {},
    ): Promise<TestSubgraph> {
      kept = await keep();
      product = await testSubgraph(declaration, { ...kept.options, ...options });
      stored = kept.stored(product);
      return product;
    }

    /** The starter with other jobs. */
    const productWith = (...jobs: JobDefinition<never, never>[]): Promise<TestSubgraph> =>
      host(defineSubgraph({ ...starter, jobs: jobs as never }));

    function enqueue(to: TestSubgraph, job: JobDefinition<never, never>, payload: unknown): Promise<string> {
      const { context } = to.as({ tenant: 'acme' });
      return to.database.transaction(context.tenant!.id, (handle) =>
        tenantWork(handle, context, []).jobs.enqueue(job, payload as never),
      );
    }

    /** As the relay hands it over; nothing has checked it. */
    async function handOver(to: TestSubgraph, ...records: Partial<JobRecord>[]): Promise<void> {
      const store = await openJobStore(kept.urls(to).runnerUrl, silent);
      const tenantId = to.as({ tenant: 'acme' }).context.tenant!.id;
      const rest = {
        tenantId,
        payload: {},
        correlationId: 'c',
        trace: null,
        onceKey: null,
        priority: 0,
        runAt: null,
        after: [],
      };
      try {
        await store.insert(records.map((record) => ({ ...rest, id: v7(), name: '', ...record })));
      } finally {
        await store.close();
      }
    }

    async function overview(of: TestSubgraph) {
      const reader = await openJobDesk(kept.urls(of).readerUrl, silent);
      try {
        return await reader.overview();
      } finally {
        await reader.close();
      }
    }

    describe('A job', () => {
      it('that throws is run again, and is visible as failed after its last attempt', async () => {
        const attempts: number[] = [];
        const failing = defineJob({
          name: 'starter.failing',
          payload: z.object({}),
          retry: RETRY_AT_ONCE,
          run: ({ attempt }) => {
            attempts.push(attempt);
            return Promise.reject(new Error(`attempt ${attempt} failed`));
          },
        });
        const under = await productWith(failing as never);
        const id = await enqueue(under, failing as never, {});
        await under.jobs.settled(failing.name);
        expect(attempts).toEqual([1, 2, 3]);
        const { waiting, running, failed, latestFailures } = await overview(under);
        expect({ waiting, running, failed }).toEqual({ waiting: 0, running: 0, failed: 1 });
        expect(latestFailures).toMatchObject([{ id, name: failing.name, attempts: 3, reason: 'attempt 3 failed' }]);
      });

      it('that fails once succeeds at its second attempt, and is not failed', async () => {
        const recovering = defineJob({
          name: 'starter.recovering',
          payload: z.object({}),
          retry: RETRY_AT_ONCE,
          run: ({ attempt }) => (attempt === 1 ? Promise.reject(new Error('not yet')) : Promise.resolve()),
        });
        const under = await productWith(recovering as never);
        await enqueue(under, recovering as never, {});
        await under.jobs.settled(recovering.name);
        expect(await overview(under)).toMatchObject({ failed: 0, latestFailures: [] });
      });

      it('has runs of one shape: getters of their own each time would keep in memory what they hold', async () => {
        const getters: unknown[] = [];
        const looking = defineJob({
          name: 'starter.looking',
          payload: z.object({}),
          run(run) {
            getters.push([
              Object.getPrototypeOf(run),
              Object.getOwnPropertyDescriptor(run.context, 'signal')!.get,
              run.signal === run.context.signal,
            ]);
            return Promise.resolve();
          },
        });
        const under = await productWith(looking as never);
        for (let run = 0; run < 2; run++) await enqueue(under, looking as never, {});
        await under.jobs.settled(looking.name);
        const [[prototype, getter] = []] = getters as unknown[][];
        expect(typeof getter).toBe('function');
        expect(getters).toHaveLength(2);
        for (const [ofRun, ofContext, isOne] of getters as unknown[][])
          expect([ofRun === prototype, ofContext === getter, isOne]).toEqual([true, true, true]);
      });

      it('whose handler never returns is aborted at its timeout, and fails', async () => {
        let reason: unknown = null;
        const hanging = defineJob({
          name: 'starter.hanging',
          payload: z.object({}),
          retry: { attempts: 1, backoff: 'fixed', firstMs: 1 },
          timeoutMs: 50,
          run: ({ signal }) => {
            signal.addEventListener('abort', () => (reason = signal.reason));
            return new Promise<void>(() => undefined);
          },
        });
        const under = await productWith(hanging as never);
        await enqueue(under, hanging as never, {});
        await under.jobs.settled(hanging.name);
        expect(reason).toMatchObject({ message: 'The job did not end within 50 ms.' });
        expect((await overview(under)).latestFailures).toMatchObject([{ reason: 'The job did not end within 50 ms.' }]);
      });

      it('is refused at enqueue when its payload does not fit, and fails without a retry when an old record does not', async () => {
        let runs = 0;
        const strict = defineJob({
          name: 'starter.strict',
          payload: z.object({ noteId: z.uuid() }),
          retry: RETRY_AT_ONCE,
          run: () => Promise.resolve(void (runs += 1)),
        });
        const under = await productWith(strict as never);
        await expect(enqueue(under, strict as never, { noteId: 7 })).rejects.toThrow(
          /payload of job "starter.strict" does not fit/,
        );

        await handOver(under, { name: strict.name, payload: { noteId: 7 } });
        await under.jobs.settled(strict.name);
        expect(runs).toBe(0);
        expect((await overview(under)).latestFailures).toMatchObject([{ name: strict.name, attempts: 1 }]);
      });

      it('is one job however often the relay hands it over', async () => {
        let runs = 0;
        const once = defineJob({
          name: 'starter.once',
          payload: z.object({}),
          run: () => Promise.resolve(void (runs += 1)),
        });
        const under = await productWith(once as never);
        const id = await enqueue(under, once as never, {});
        await under.jobs.settled(once.name);
        await Promise.all([1, 2, 3].map(() => handOver(under, { id, name: once.name })));
        await under.jobs.settled(once.name);
        expect(runs).toBe(1);
      });

      it('reaches its own tenant alone', async () => {
        const seen: unknown[] = [];
        const spying = defineJob({
          name: 'starter.spying',
          payload: z.object({}),
          async run({ db, context }) {
            const rows = await (
              db as unknown as { note: { findMany(): Promise<{ tenantId: string }[]> } }
            ).note.findMany();
            seen.push(context.caller, context.tenant?.id, ...rows.map(({ tenantId }) => tenantId));
          },
        });
        const under = await productWith(spying as never);
        for (const tenant of ['acme', 'globex']) {
          await under.as({ tenant }).query('mutation { createNote(input: { text: "x" }) { id } }');
        }
        await enqueue(under, spying as never, {});
        await under.jobs.settled(spying.name);
        const acme = under.as({ tenant: 'acme' }).context.tenant!.id;
        expect(seen).toEqual([{ kind: 'service', service: 'starter' }, acme, acme]);
      });

      it('that was running when its worker stopped is run again by the next one, and does not count as failed', async () => {
        let runs = 0;
        let started: () => void = () => undefined;
        const firstRun = new Promise<void>((resolve) => (started = resolve));
        const interrupted = defineJob({
          name: 'starter.interrupted',
          payload: z.object({}),
          run: ({ signal }) => {
            runs += 1;
            started();
            if (runs > 1) return Promise.resolve();
            return new Promise<void>((_, reject) =>
              signal.addEventListener('abort', () => reject(new Error('aborted'))),
            );
          },
        });
        const under = await productWith(interrupted as never);
        await enqueue(under, interrupted as never, {});
        await firstRun;
        await under.jobs.stop();
        expect(await overview(under)).toMatchObject({ waiting: 1, running: 0, failed: 0 });
        await under.jobs.start();
        await under.jobs.settled(interrupted.name);
        expect(runs).toBe(2);
        expect(await overview(under)).toMatchObject({ waiting: 0, running: 0, failed: 0 });
      });
    });

    describe('A job whose tenant cannot be looked up', () => {
      const counted = defineJob({
        name: 'starter.counted',
        payload: z.object({}),
        retry: RETRY_AT_ONCE,
        run: () => Promise.resolve(),
      });
      const tenantsThat = (find: (asked: number, id: TenantId) => Promise<TenantRecord | null>) => {
        let asked = 0;
        return { find: (id: TenantId) => find((asked += 1), id), active: () => Promise.resolve([]) };
      };
      const record = (id: TenantId, status: TenantRecord['status']): TenantRecord => ({
        id,
        slug: 'acme',
        name: 'Acme',
        plan: 'free',
        entitlementsDigest: '',
        status,
      });
      const under = (tenants: TenantsPort): Promise<TestSubgraph> =>
        host(defineSubgraph({ ...starter, jobs: [counted] as never }), { tenants });

      it('waits and is not counted as failed, however long core-identity is away', async () => {
        const stack = await under(tenantsThat(() => Promise.reject(new Error('identity is away'))));
        const id = await enqueue(stack, counted as never, {});
        for (let round = 1; round <= 4; round += 1) {
          await putBack(id);
          expect(await stored.job(id)).toMatchObject({ attempts: 0, state: 'scheduled' });
          await stored.makeDue(id);
        }
      });

      it.each(['suspended', 'deleting'] as const)(
        'waits while the tenant is %s, and fails at once when it is gone',
        async (status) => {
          const stack = await under(
            tenantsThat((asked, id) => Promise.resolve(asked === 1 ? record(id, status) : null)),
          );
          const id = await enqueue(stack, counted as never, {});
          await putBack(id);
          expect(await overview(stack)).toMatchObject({ waiting: 1, failed: 0 });
          await stored.makeDue(id);
          await stack.jobs.settled(counted.name);
          expect((await overview(stack)).latestFailures).toMatchObject([
            { attempts: 1, reason: expect.stringContaining('is gone') },
          ]);
        },
      );

      /** Until it was tried and put back. */
      const putBack = (id: string): Promise<void> =>
        until('the job was put back', async () => {
          const { state, wakeAt } = await stored.job(id);
          return state === 'scheduled' && wakeAt! > (await stored.now());
        });
    });

    describe('A worker that lost a job to another', () => {
      it('neither ends it, nor fails it, nor hands it back', async () => {
        let started: () => void = () => undefined;
        const running = new Promise<void>((resolve) => (started = resolve));
        let finish: () => void = () => undefined;
        const slow = defineJob({
          name: 'starter.slow',
          payload: z.object({}),
          run: ({ signal }) => {
            started();
            return new Promise<void>((resolve, reject) => {
              finish = resolve;
              signal.addEventListener('abort', () => reject(signal.reason as Error));
            });
          },
        });
        const under = await productWith(slow as never);
        const id = await enqueue(under, slow as never, {});
        await running;
        await stored.steal([id]);
        finish();
        await under.jobs.stop();
        expect(await stored.job(id)).toMatchObject({
          worker: 'another',
          state: 'running',
          attempts: 1,
          error: null,
          finishedAt: null,
        });
      });
    });

    describe('Jobs of a dead worker', () => {
      it('are all run, also when the one who took them over stops before starting them', async () => {
        let runs = 0;
        const orphaned = defineJob({
          name: 'starter.orphaned',
          payload: z.object({}),
          concurrency: 2,
          run: () => Promise.resolve(void (runs += 1)),
        });
        const under = await productWith(orphaned as never);
        await under.jobs.stop();
        await handOver(under, ...Array.from({ length: 12 }, () => ({ name: orphaned.name })));
        // As a worker leaves them that was killed while it ran them.
        await stored.orphan();
        for (let round = 0; round < 8; round += 1) {
          await under.jobs.start();
          for (let turn = 0; turn < round * 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
          await under.jobs.stop();
        }
        await under.jobs.start();
        await under.jobs.settled(orphaned.name);
        expect(await stored.states()).toEqual({ succeeded: 12 });
        expect(runs).toBeGreaterThanOrEqual(12);
      });
    });

    describe('What was committed while no worker was there', () => {
      it('runs as soon as one starts', async () => {
        const under = await productWith(...(starter.jobs as never[]));
        await under.jobs.stop();
        const ada = under.as({ tenant: 'acme' });
        const { data } = await ada.query(
          'mutation { createNote(input: { text: "written while nobody worked" }) { id } }',
        );
        const { id } = data!['createNote'] as { id: string };
        await under.jobs.start();
        await under.jobs.settled('starter.count-words');
        expect(await ada.query('query ($id: ID!) { note(id: $id) { wordCount } }', { id })).toEqual({
          data: { note: { wordCount: 4 } },
        });
      });
    });

    describe('While no bus takes events', () => {
      it('jobs are run all the same, however many events wait, and afterwards the events arrive in order', async () => {
        const product = await host(starter);
        const { context } = product.as({ tenant: 'acme', user: 'ada' });
        const heard: string[] = [];
        product.events.subscribe(
          noteChanged.name,
          ({ payload }) => void heard.push((payload as { noteId: string }).noteId),
        );
        const publish = product.events.publish.bind(product.events);
        let isDown = true;
        Object.assign(product.events, {
          publish: (event: StackEvent) => (isDown ? Promise.reject(new Error('The bus is down.')) : publish(event)),
        });
        const ids = Array.from({ length: 250 }, () => v7());
        await product.database.transaction(context.tenant!.id, async (handle) => {
          const { events } = tenantWork(handle, context, [noteChanged]);
          for (const id of ids) await events.publish(noteChanged, { aggregate: id, payload: { noteId: id } });
        });
        await product
          .as({ tenant: 'acme', user: 'ada' })
          .query('mutation { createNote(input: { text: "a b" }) { id } }');
        await product.jobs.settled('starter.count-words');
        expect(heard).toEqual([]);
        isDown = false;
        await until('every event was heard', async () => heard.length >= ids.length);
        expect(heard.slice(0, ids.length)).toEqual(ids);
      });
    });
  });
}
