import type { Asked, JobsBed } from '../measure/jobs-bed.js';
import type { Options } from '../options.js';
import type { ProducerOrder, Sent } from '../processes/serve-producer.js';
import type { WorkerOrder } from '../processes/serve-worker.js';
import type { Progress, StartDelay } from '../processes/tally.js';
import { storageOf, type QueueName } from '../queues/queue-names.js';

export const JOBS_PER_SECOND = 50;
const WARM_UP_JOBS = 50;
/** Far beyond what is promised. */
const STARTS_WITHIN_MS = 10_000;

export interface StartDelayRound {
  readonly delaysMs: readonly number[];
  readonly figures: {
    /** Of the database in PostgreSQL, with what enqueueing takes. */
    readonly transactionsPerJob: number;
    /** That MongoDB's server was sent, likewise. */
    readonly commandsPerJob: number;
    /** Of the worker. */
    readonly cpuMsPerJob: number;
  };
}

/** One job after the other through the whole way, to a worker that has nothing else to do. Rejects when one does not arrive. */
export async function measureStartDelay(
  bed: JobsBed,
  name: QueueName,
  { places, load }: Options,
): Promise<StartDelayRound> {
  const { seconds } = load[storageOf(name)];
  const queue = await bed.open(name);
  try {
    const worker = await queue.worker({ places, handlerMs: 0, definitions: 1 });
    const producer = await queue.producer();
    await worker.ask({ kind: 'start' });
    /** Enqueues jobs and waits until all have run. */
    async function send(first: number, jobs: number): Promise<void> {
      await producer.ask<readonly Sent[]>({
        kind: 'paced',
        first,
        jobs,
        everyMs: 1_000 / JOBS_PER_SECOND,
        tenant: null,
      });
      const { ran } = await worker.ask<Progress>({ kind: 'until', jobs: first + jobs, withinMs: STARTS_WITHIN_MS });
      if (ran < first + jobs)
        throw new Error(
          `${first + jobs - ran} jobs had not run ${STARTS_WITHIN_MS / 1_000} s after the last was enqueued.`,
        );
    }

    await send(0, WARM_UP_JOBS);
    const transactions = await queue.transactions();
    const commands = await commandsOf(worker, producer);
    const cpuMs = await worker.ask<number>({ kind: 'cpu' });
    const jobs = seconds * JOBS_PER_SECOND;
    await send(WARM_UP_JOBS, jobs);
    const cpuMsAfter = await worker.ask<number>({ kind: 'cpu' });
    const delays = await worker.ask<readonly StartDelay[]>({ kind: 'delays' });
    const commandsAfter = await commandsOf(worker, producer);
    const transactionsAfter = await queue.transactions();
    return {
      delaysMs: delays.filter(([number]) => number >= WARM_UP_JOBS).map(([, delayMs]) => delayMs),
      figures: {
        transactionsPerJob: (transactionsAfter - transactions) / jobs,
        commandsPerJob: (commandsAfter - commands) / jobs,
        cpuMsPerJob: (cpuMsAfter - cpuMs) / jobs,
      },
    };
  } finally {
    await queue.close();
  }
}

async function commandsOf(worker: Asked<WorkerOrder>, producer: Asked<ProducerOrder>): Promise<number> {
  const all = await Promise.all([worker, producer].map((one) => one.ask<number>({ kind: 'commands' })));
  return all.reduce((sum, commands) => sum + commands, 0);
}
