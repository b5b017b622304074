import type { JobsBed } from '../measure/jobs-bed.js';
import type { Options } from '../options.js';
import type { Progress } from '../processes/tally.js';
import { storageOf, type QueueName } from '../queues/queue-names.js';
import { TENANTS } from '../queues/sent-job.js';

export interface DrainFigures {
  readonly jobs: number;
  /** Fewer: the worker was left alone with the rest when its time was over, and the rate is that of what it did. */
  readonly ran: number;
  /** Runs of a job that had run. */
  readonly repeated: number;
  readonly jobsPerSecond: number;
  /** Of the database in PostgreSQL, the worker's start and stop included. */
  readonly transactionsPerJob: number;
  /** That the worker sent to MongoDB's server, likewise without its stop. */
  readonly commandsPerJob: number;
  /** Of the worker, from its start. */
  readonly cpuMsPerJob: number;
  /** Of PostgreSQL, and of MongoDB's server where jobs are there; NaN where that is not ours. */
  readonly serverCpuMsPerJob: number;
}

/** Jobs that wait, and a worker that is started: how fast they are gone. */
export async function measureDrain(
  bed: JobsBed,
  name: QueueName,
  handlerMs: number,
  { places, load }: Options,
): Promise<DrainFigures> {
  const { jobs, drainWithinMs } = load[storageOf(name)];
  const queue = await bed.open(name);
  try {
    await queue.fill(jobs, TENANTS);
    const worker = await queue.worker({ places, handlerMs, definitions: 1 });
    const transactions = await queue.transactions();
    const serverCpuMs = await queue.serverCpuMs();
    const cpuMs = await worker.ask<number>({ kind: 'cpu' });
    const startedAtMs = await worker.ask<number>({ kind: 'start' });
    const { ran, repeated, atMs } = await worker.ask<Progress>({ kind: 'until', jobs, withinMs: drainWithinMs });
    if (ran === 0) throw new Error(`none of ${jobs} jobs had run after ${drainWithinMs / 1_000} s.`);
    const cpuMsAfter = await worker.ask<number>({ kind: 'cpu' });
    const commands = await worker.ask<number>({ kind: 'commands' });
    const serverCpuMsAfter = await queue.serverCpuMs();
    await queue.endProcesses();
    return {
      jobs,
      ran,
      repeated,
      jobsPerSecond: (ran * 1_000) / (atMs - startedAtMs),
      transactionsPerJob: ((await queue.transactions()) - transactions) / ran,
      commandsPerJob: commands / ran,
      cpuMsPerJob: (cpuMsAfter - cpuMs) / ran,
      serverCpuMsPerJob: (serverCpuMsAfter - serverCpuMs) / ran,
    };
  } finally {
    await queue.close();
  }
}
