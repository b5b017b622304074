import { setTimeout as wait } from 'node:timers/promises';
import { median } from '../../measure/median.js';
import { machineTimeMs } from '../../streaming/clock.js';
import type { JobsBed, QueueBed } from '../measure/jobs-bed.js';
import type { Rounds } from '../measure/by-turns.js';
import type { Options } from '../options.js';
import type { QueueName } from '../queues/queue-names.js';

export const MANY_DEFINITIONS = 200;

/** By then connections that only the start needed are closed, and all transactions of the start are counted (10 s). */
const SETTLED_AFTER_MS = 12_000;
const SLICE_MS = 1_000;

export interface IdleFigures {
  /** Of the database in PostgreSQL. */
  readonly transactionsPerSecond: number;
  /** That MongoDB's server was sent. */
  readonly commandsPerSecond: number;
  /** Of the worker, in the middle one of all seconds: one of them may have a garbage collection of what was loaded. */
  readonly cpuMsPerSecond: number;
  /** Of its connections' ends in PostgreSQL, and of its own server of MongoDB's; NaN where that is not ours. */
  readonly serverCpuMsPerSecond: number;
}

export interface IdleRounds {
  readonly few: Rounds<IdleFigures>;
  readonly many: Rounds<IdleFigures>;
}

interface IdleWorker {
  readonly name: QueueName;
  readonly definitions: number;
  readonly queue: QueueBed;
  cpuMs(): Promise<number>;
  look(): Promise<Look>;
}

interface Look {
  readonly atMs: number;
  readonly transactions: number;
  readonly commands: number;
  /** Of each process that serves it. */
  readonly serverCpuMs: ReadonlyMap<number, number>;
}

/**
 * What workers cost that know one or many kinds of jobs and have nothing to do. All at the same time: idle, they do not
 * disturb each other, and each is slow to settle.
 */
export async function measureIdle(
  bed: JobsBed,
  { queues, places, idleSeconds: seconds }: Options,
  report: (line: string) => void,
): Promise<IdleRounds> {
  const workers: IdleWorker[] = [];
  for (const name of queues) {
    for (const definitions of [1, MANY_DEFINITIONS]) {
      try {
        workers.push(await startIdle(bed, name, definitions, places));
      } catch (error) {
        report(`${name} with ${definitions} definitions is left out: ${(error as Error).message}`);
      }
    }
  }
  try {
    await wait(SETTLED_AFTER_MS);
    const before = await Promise.all(workers.map((worker) => worker.look()));
    const seen = workers.map(() => [] as number[]);
    for (let slice = 0; slice <= (seconds * 1_000) / SLICE_MS; slice++) {
      if (slice > 0) await wait(SLICE_MS);
      await Promise.all(workers.map(async (worker, index) => seen[index]!.push(await worker.cpuMs())));
    }
    const after = await Promise.all(workers.map((worker) => worker.look()));
    const figuresOf = (definitions: number): Rounds<IdleFigures> =>
      Object.fromEntries(
        workers.flatMap((worker, index) =>
          worker.definitions === definitions
            ? [[worker.name, [perSecond(before[index]!, after[index]!, seen[index]!)]] as const]
            : [],
        ),
      );
    return { few: figuresOf(1), many: figuresOf(MANY_DEFINITIONS) };
  } finally {
    await Promise.all(workers.map(({ queue }) => queue.close()));
  }
}

async function startIdle(bed: JobsBed, name: QueueName, definitions: number, places: number): Promise<IdleWorker> {
  const queue = await bed.open(name, { isAlone: true });
  try {
    const worker = await queue.worker({ places, handlerMs: 0, definitions });
    await worker.ask({ kind: 'start' });
    return {
      name,
      definitions,
      queue,
      cpuMs: () => worker.ask<number>({ kind: 'cpu' }),
      async look() {
        const [transactions, serverCpuMs, commands] = await Promise.all([
          queue.transactions(),
          queue.serversCpuMs(),
          worker.ask<number>({ kind: 'commands' }),
        ]);
        return { atMs: machineTimeMs(), transactions, commands, serverCpuMs };
      },
    };
  } catch (error) {
    await queue.close();
    throw error;
  }
}

/** `cpuMs`: the worker's until now, as seen every `SLICE_MS`. */
function perSecond(before: Look, after: Look, cpuMs: readonly number[]): IdleFigures {
  const seconds = (after.atMs - before.atMs) / 1_000;
  let serverCpuMs = 0;
  for (const [pid, ms] of after.serverCpuMs) serverCpuMs += ms - (before.serverCpuMs.get(pid) ?? 0);
  return {
    transactionsPerSecond: (after.transactions - before.transactions) / seconds,
    commandsPerSecond: (after.commands - before.commands) / seconds,
    cpuMsPerSecond: (median(cpuMs.slice(1).map((ms, index) => ms - cpuMs[index]!)) * 1_000) / SLICE_MS,
    serverCpuMsPerSecond: serverCpuMs / seconds,
  };
}
