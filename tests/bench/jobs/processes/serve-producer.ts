import { setTimeout as wait } from 'node:timers/promises';
import { answerOrders, readSetup, reportReady } from '../../processes/as-child.js';
import { machineTimeMs } from '../../streaming/clock.js';
import type { QueueDatabase } from '../queues/queue.js';
import type { SentJob } from '../queues/sent-job.js';
import type { CountCommands } from './count-commands.js';
import { ownCpuMs } from './own-cpu.js';

export type ProducerOrder =
  /** Each caller enqueues its next job when the one before is confirmed. Answers `Enqueued`. */
  | { readonly kind: 'callers'; readonly callers: number; readonly ms: number }
  /**
   * One job each `everyMs`, whether or not the ones before are confirmed, numbered on from `first`. `tenant` null: of all
   * tenants in turn. Answers `Sent`s.
   */
  | {
      readonly kind: 'paced';
      readonly first: number;
      readonly jobs: number;
      readonly everyMs: number;
      readonly tenant: number | null;
    }
  /** Answers how many MongoDB's server was sent. */
  | { readonly kind: 'commands' };

export interface Enqueued {
  readonly jobs: number;
  readonly ms: number;
  readonly cpuMs: number;
}

/** A job's number, and when it was enqueued by the machine's clock. */
export type Sent = readonly [number: number, sentAtMs: number];

/** Resolves when the job is durable. */
export type Enqueue = (job: SentJob, tenant: number) => Promise<void>;

/** The process that enqueues: the load. `commands`: of one that knows MongoDB. */
export function serveProducer(
  open: (database: QueueDatabase) => Promise<Enqueue>,
  commands: CountCommands = () => 0,
): void {
  void open(readSetup<QueueDatabase>()).then((enqueue) => {
    answerOrders<ProducerOrder>(async (order) => {
      switch (order.kind) {
        case 'callers':
          return enqueueFor(order, enqueue);
        case 'paced':
          return enqueuePaced(order, enqueue);
        case 'commands':
          return commands();
      }
    });
    reportReady(null);
  });
}

async function enqueueFor(
  { callers, ms }: Extract<ProducerOrder, { kind: 'callers' }>,
  enqueue: Enqueue,
): Promise<Enqueued> {
  let jobs = 0;
  const cpuBefore = ownCpuMs();
  const startedAtMs = machineTimeMs();
  const call = async (): Promise<void> => {
    while (machineTimeMs() - startedAtMs < ms) {
      const number = jobs++;
      await enqueue({ number, sentAtMs: machineTimeMs() }, number);
    }
  };
  await Promise.all(Array.from({ length: callers }, call));
  return { jobs, ms: machineTimeMs() - startedAtMs, cpuMs: ownCpuMs() - cpuBefore };
}

async function enqueuePaced(
  { first, jobs, everyMs, tenant }: Extract<ProducerOrder, { kind: 'paced' }>,
  enqueue: Enqueue,
): Promise<readonly Sent[]> {
  const sent: Sent[] = [];
  const confirmed: Promise<void>[] = [];
  const startedAtMs = machineTimeMs();
  for (let index = 0; index < jobs; index++) {
    const leftMs = startedAtMs + index * everyMs - machineTimeMs();
    if (leftMs > 0) await wait(leftMs);
    const job = { number: first + index, sentAtMs: machineTimeMs() };
    sent.push([job.number, job.sentAtMs]);
    confirmed.push(enqueue(job, tenant ?? index));
  }
  await Promise.all(confirmed);
  return sent;
}
