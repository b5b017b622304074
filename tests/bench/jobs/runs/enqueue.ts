import type { JobsBed } from '../measure/jobs-bed.js';
import type { Options } from '../options.js';
import type { Enqueued } from '../processes/serve-producer.js';
import { storageOf, type QueueName } from '../queues/queue-names.js';

export const CALLERS = 4;
const WARM_UP_MS = 1_000;

export interface EnqueueFigures {
  readonly jobsPerSecond: number;
  /** Of the process that enqueues. */
  readonly cpuMsPerJob: number;
  /** Of PostgreSQL, and of MongoDB's server where jobs are there; NaN where that is not ours. */
  readonly serverCpuMsPerJob: number;
}

/** Some callers that enqueue one job after the other, and no worker beside them. */
export async function measureEnqueue(bed: JobsBed, name: QueueName, { load }: Options): Promise<EnqueueFigures> {
  const { seconds } = load[storageOf(name)];
  const queue = await bed.open(name);
  try {
    const producer = await queue.producer();
    await producer.ask<Enqueued>({ kind: 'callers', callers: CALLERS, ms: WARM_UP_MS });
    const serverCpuMs = await queue.serverCpuMs();
    const enqueued = await producer.ask<Enqueued>({ kind: 'callers', callers: CALLERS, ms: seconds * 1_000 });
    return {
      jobsPerSecond: (enqueued.jobs * 1_000) / enqueued.ms,
      cpuMsPerJob: enqueued.cpuMs / enqueued.jobs,
      serverCpuMsPerJob: ((await queue.serverCpuMs()) - serverCpuMs) / enqueued.jobs,
    };
  } finally {
    await queue.close();
  }
}
