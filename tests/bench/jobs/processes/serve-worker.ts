import { setTimeout as wait } from 'node:timers/promises';
import { answerOrders, readSetup, reportReady } from '../../processes/as-child.js';
import { machineTimeMs } from '../../streaming/clock.js';
import type { QueueDatabase } from '../queues/queue.js';
import type { SentJob } from '../queues/sent-job.js';
import type { CountCommands } from './count-commands.js';
import { ownCpuMs } from './own-cpu.js';
import { Tally } from './tally.js';

export interface WorkerSetup extends QueueDatabase {
  /** Jobs at once. */
  readonly places: number;
  /** How long a job takes, on a timer; 0: it ends as it begins. */
  readonly handlerMs: number;
  /** Kinds of jobs the worker knows; only the first has any. */
  readonly definitions: number;
}

export type WorkerOrder =
  /** Answers when it began, by the machine's clock. */
  | { readonly kind: 'start' }
  /** Answers `Progress`. */
  | { readonly kind: 'until'; readonly jobs: number; readonly withinMs: number }
  /** Answers `StartDelay`s. */
  | { readonly kind: 'delays' }
  /** Answers milliseconds. */
  | { readonly kind: 'cpu' }
  /** Answers how many MongoDB's server was sent. */
  | { readonly kind: 'commands' };

/** Answers how to stop. */
export type StartWorking = (
  setup: WorkerSetup,
  handle: (job: SentJob) => Promise<void>,
) => Promise<() => Promise<unknown>>;

/** The process of a worker: loaded when it says it is ready, and at work once it is told to start. */
export function serveWorker(startWorking: StartWorking, commands: CountCommands): void {
  const setup = readSetup<WorkerSetup>();
  const tally = new Tally();
  let stop: () => Promise<unknown> = () => Promise.resolve();

  async function handle(job: SentJob): Promise<void> {
    tally.began(job);
    if (setup.handlerMs > 0) await wait(setup.handlerMs);
    tally.ended(job);
  }

  process.once('SIGTERM', () => void stop().finally(() => process.exit()));
  answerOrders<WorkerOrder>(async (order) => {
    switch (order.kind) {
      case 'start': {
        const startedAtMs = machineTimeMs();
        stop = await startWorking(setup, handle);
        return startedAtMs;
      }
      case 'until':
        return tally.until(order.jobs, order.withinMs);
      case 'delays':
        return tally.delays;
      case 'cpu':
        return ownCpuMs();
      case 'commands':
        return commands();
    }
  });
  reportReady(null);
}
