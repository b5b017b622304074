import { machineTimeMs } from '../../streaming/clock.js';
import type { JobsBed } from '../measure/jobs-bed.js';
import type { Options } from '../options.js';
import type { Sent } from '../processes/serve-producer.js';
import type { Progress, StartDelay } from '../processes/tally.js';
import { storageOf, type QueueName } from '../queues/queue-names.js';

export const FLOOD_JOB_MS = 5;
export const QUIET_EVERY_MS = 200;
/** Another than the first, which has the flood. */
const QUIET_TENANT = 1;

export interface FloodRound {
  /** Of the quiet tenant's jobs that were enqueued while the flood was there. */
  readonly delaysMs: readonly number[];
  readonly figures: {
    /** Of these: the worker was left alone before they had started, and their delays are how long they had waited by then. */
    readonly notStarted: number;
    /** Of both tenants. */
    readonly jobsPerSecond: number;
  };
}

/** One tenant has thousands of jobs waiting, and another one's come in between. */
export async function measureFlood(bed: JobsBed, name: QueueName, { places, load }: Options): Promise<FloodRound> {
  const { flood, floodWithinMs } = load[storageOf(name)];
  const queue = await bed.open(name);
  try {
    await queue.fill(flood, 1);
    const worker = await queue.worker({ places, handlerMs: FLOOD_JOB_MS, definitions: 1 });
    const producer = await queue.producer();
    const startedAtMs = await worker.ask<number>({ kind: 'start' });
    const order = { kind: 'paced', everyMs: QUIET_EVERY_MS, tenant: QUIET_TENANT } as const;
    const sent: Sent[] = [];
    let progress: Progress;
    do {
      sent.push(...(await producer.ask<readonly Sent[]>({ ...order, first: flood + sent.length, jobs: 1 })));
      progress = await worker.ask<Progress>({ kind: 'until', jobs: flood + sent.length, withinMs: QUIET_EVERY_MS });
    } while (progress.ran < flood + sent.length && machineTimeMs() - startedAtMs < floodWithinMs);

    const endedAtMs = machineTimeMs();
    const delays = new Map(await worker.ask<readonly StartDelay[]>({ kind: 'delays' }));
    return {
      delaysMs: sent.map(([number, sentAtMs]) => delays.get(number) ?? endedAtMs - sentAtMs),
      figures: {
        notStarted: sent.filter(([number]) => !delays.has(number)).length,
        jobsPerSecond: (progress.ran * 1_000) / (endedAtMs - startedAtMs),
      },
    };
  } finally {
    await queue.close();
  }
}
