import { availableParallelism } from 'node:os';
import type { Logger } from 'pino';
import {
  PlannerBusy,
  PlanningFailed,
  PlanningTimedOut,
  UnusableSupergraph,
  type LoadedSupergraph,
  type Planner,
  type PlanRequest,
} from './planner.js';
import type { PackedPlan } from './packed-plan.js';
import { rememberPlans } from './remember-plans.js';
import { startPlannerThread, type PlannerThread, type ThreadOutcome } from './start-planner-thread.js';

const PLAN_TIMEOUT_MS = 10_000;
/** Far above the largest supergraph: it only ends a thread that hangs. */
const LOAD_TIMEOUT_MS = 120_000;
const HEAP_MB = 512;
const MOST_WAITING = 1_000;

export interface PlannerThreadsOptions {
  /** How many threads at most, each started when there is work for it. By default 2, and 1 where there are up to 2 cores. */
  readonly size?: number;
  /** From when a thread begins with the plan; the wait for a free thread does not count. */
  readonly planTimeoutMs?: number;
  /** What one thread may keep in memory: a plan that wants more fails, and its thread is replaced. */
  readonly heapMb?: number;
  /** How many plans may wait for a free thread. */
  readonly mostWaiting?: number;
  readonly log: Pick<Logger, 'error' | 'warn'>;
}

export interface PlannersMeasured {
  /** How many plan or load, of those that may. */
  readonly busy: number;
  readonly size: number;
  /** How much work waits for a free one. */
  readonly waiting: number;
}

/** Threads that plan for any number of supergraphs. They never keep the process alive; a plan under way does. */
export interface PlannerThreads {
  /** Rejects with `UnusableSupergraph`. */
  load(sdl: string): Promise<Planner>;
  /** What they do now. */
  measured(): PlannersMeasured;
  /** Ends the threads. What is under way is rejected. Idempotent. */
  close(): Promise<void>;
}

/** A supergraph as the threads know it. */
interface Supergraph {
  readonly id: number;
  readonly sdl: string;
  /** Waiting or under way. */
  readonly jobs: Set<Job>;
  isClosed: boolean;
}

/** What needs a thread on which its supergraph is loaded. */
interface Job {
  readonly supergraph: Supergraph;
  /** Some thread loads the supergraph on account of this job. Whichever thread is ready first takes it, though. */
  isBeingLoaded: boolean;
  /** Never rejects. The function it resolves to tells whoever asked: by then the thread is free for others. */
  run(thread: Thread): Promise<() => void>;
  fail(reason: string): void;
}

interface Thread {
  readonly link: PlannerThread;
  readonly loaded: Map<Supergraph, LoadedSupergraph>;
  isBusy: boolean;
}

/** Starts no thread yet: the first `load` does. */
export function startPlannerThreads({
  size = availableParallelism() <= 2 ? 1 : 2,
  planTimeoutMs = PLAN_TIMEOUT_MS,
  heapMb = HEAP_MB,
  mostWaiting = MOST_WAITING,
  log,
}: PlannerThreadsOptions): PlannerThreads {
  const threads = new Set<Thread>();
  const supergraphs = new Set<Supergraph>();
  // Here and not in the threads' own queues, so that a timeout counts from when planning began, and the end of one
  // thread costs one plan. In the order of arrival.
  const waiting = new Set<Job>();
  let lastId = 0;
  let isClosed = false;

  function addThread(): Thread {
    const thread = { link: startPlannerThread({ heapMb }), loaded: new Map(), isBusy: false };
    threads.add(thread);
    return thread;
  }

  function dispatch(): void {
    for (const thread of threads) if (!thread.link.isAlive) threads.delete(thread);
    for (const job of waiting) {
      const free = [...threads].filter(({ isBusy }) => !isBusy);
      const ready = free.find(({ loaded }) => loaded.has(job.supergraph));
      if (ready) {
        waiting.delete(job);
        void occupy(ready, job.run(ready)).finally(() => job.supergraph.jobs.delete(job));
        continue;
      }
      if (job.isBeingLoaded) continue;
      const thread = free[0] ?? (threads.size < size ? addThread() : null);
      if (!thread) return;
      job.isBeingLoaded = true;
      void occupy(thread, loadInto(thread, job.supergraph));
    }
  }

  async function occupy(thread: Thread, work: Promise<() => void>): Promise<void> {
    thread.isBusy = true;
    const tell = await work;
    thread.isBusy = false;
    tell();
    dispatch();
  }

  async function loadInto(thread: Thread, supergraph: Supergraph): Promise<() => void> {
    const { id, sdl, jobs } = supergraph;
    const outcome = await thread.link.ask({ kind: 'load', supergraph: id, sdl }, LOAD_TIMEOUT_MS);
    return () => {
      if (supergraph.isClosed) return thread.link.unload(id);
      if (outcome.kind === 'done') return void thread.loaded.set(supergraph, outcome.result);
      const reason = reasonOf(outcome, LOAD_TIMEOUT_MS);
      log.error({ reason }, 'A planner thread could not load the supergraph.');
      for (const job of jobs) if (waiting.has(job)) drop(job, reason);
    };
  }

  function enqueue(job: Job): void {
    job.supergraph.jobs.add(job);
    waiting.add(job);
    dispatch();
  }

  function drop(job: Job, reason: string): void {
    waiting.delete(job);
    job.supergraph.jobs.delete(job);
    job.fail(reason);
  }

  function unload(supergraph: Supergraph, reason: string): void {
    supergraph.isClosed = true;
    supergraphs.delete(supergraph);
    for (const job of supergraph.jobs) drop(job, reason);
    for (const { link, loaded } of threads) if (loaded.delete(supergraph)) link.unload(supergraph.id);
  }

  const plan = (supergraph: Supergraph, request: PlanRequest): Promise<PackedPlan> =>
    new Promise((resolve, reject) => {
      const { operationName } = request;
      if (waiting.size >= mostWaiting) throw new PlannerBusy(operationName, waiting.size);
      const fail = (reason: string): void => reject(new PlanningFailed(operationName, reason));
      enqueue({
        supergraph,
        isBeingLoaded: false,
        fail,
        async run({ link }) {
          const outcome = await link.ask({ kind: 'plan', supergraph: supergraph.id, request }, planTimeoutMs);
          if (!link.isAlive)
            log.warn(
              { operationName: operationName?.slice(0, 100), outcome: outcome.kind },
              'A plan cost a planner thread, which will be replaced.',
            );
          return () => {
            if (outcome.kind === 'done') resolve(outcome.result);
            else if (outcome.kind === 'timedOut') reject(new PlanningTimedOut(operationName, planTimeoutMs));
            else fail(reasonOf(outcome, planTimeoutMs));
          };
        },
      });
    });

  function plannerOf(supergraph: Supergraph, described: LoadedSupergraph): Planner {
    const planOrRemember = rememberPlans((request) => plan(supergraph, request));
    return {
      supergraph: described,
      async plan(request) {
        if (supergraph.isClosed) throw new PlanningFailed(request.operationName, UNLOADED);
        return planOrRemember(request);
      },
      async close() {
        unload(supergraph, UNLOADED);
      },
    };
  }

  return {
    load: (sdl) =>
      new Promise((resolve, reject) => {
        if (isClosed) throw new UnusableSupergraph(CLOSED);
        const supergraph: Supergraph = { id: ++lastId, sdl, jobs: new Set(), isClosed: false };
        supergraphs.add(supergraph);
        enqueue({
          supergraph,
          isBeingLoaded: false,
          run: async ({ loaded }) => {
            const planner = plannerOf(supergraph, loaded.get(supergraph)!);
            return () => resolve(planner);
          },
          fail(reason) {
            supergraphs.delete(supergraph);
            reject(new UnusableSupergraph(reason));
          },
        });
      }),
    measured: () => ({ busy: [...threads].filter(({ isBusy }) => isBusy).length, size, waiting: waiting.size }),
    async close() {
      isClosed = true;
      for (const supergraph of supergraphs) unload(supergraph, CLOSED);
      await Promise.all([...threads].map(({ link }) => link.stop()));
    },
  };
}

const UNLOADED = 'its supergraph was unloaded.';
const CLOSED = 'the planner threads were closed.';

/** What a thread did instead of what it was asked. */
const reasonOf = (outcome: Exclude<ThreadOutcome, { kind: 'done' }>, timeoutMs: number): string =>
  outcome.kind === 'timedOut' ? `it took longer than ${timeoutMs} ms.` : outcome.reason;
