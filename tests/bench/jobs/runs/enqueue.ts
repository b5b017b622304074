import type { JobsBed } from '../measure/jobs-bed.js';
import type { Options } from '../options.js';
import type { Enqueued } from '../processes/serve-producer.js';
import type { QueueName } from '../queues/queue-names.js';

export const CALLERS = 4;
const WARM_UP_MS = 1_000;

export interface EnqueueFigures {
  readonly jobsPerSecond: number;
  /** Of the process that enqueues. */
  readonly cpuMsPerJob: number;
  readonly serverCpuMsPerJob: number;
}

/** Some callers that enqueue one job after the other, and no worker beside them. */
export async function measureEnqueue(bed: JobsBed, name: QueueName, { seconds }: Options): Promise<EnqueueFigures> {
  const queue = await bed.open(name);
  try {
    const producer = await queue.producer();
    await producer.ask<Enqueued>({ kind: 'callers', callers: CALLERS, ms: WARM_UP_MS });
    const serverCpuMs = await bed.serverCpuMs();
    const enqueued = await producer.ask<Enqueued>({ kind: 'callers', callers: CALLERS, ms: seconds * 1_000 });
    return {
      jobsPerSecond: (enqueued.jobs * 1_000) / enqueued.ms,
      cpuMsPerJob: enqueued.cpuMs / enqueued.jobs,
      serverCpuMsPerJob: ((await bed.serverCpuMs()) - serverCpuMs) / enqueued.jobs,
    };
  } finally {
    await queue.close();
  }
}
