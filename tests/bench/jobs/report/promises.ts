import { fixed } from '../../report/text-table.js';
import { MANY_DEFINITIONS } from '../runs/idle.js';
import type { Results } from '../runs/results.js';

/** Something that is said of our jobs, and whether it was so. */
export interface KeptPromise {
  readonly promise: string;
  readonly wanted: string;
  readonly measured: number;
  readonly holds: boolean;
}

const LEAST_DRAIN_RATIO = 3;
const TRANSACTIONS_BELOW = 2;
const P50_BELOW_MS = 50;
const P99_BELOW_MS = 150;
const QUIET_P99_BELOW_MS = 1_000;
/** What counts as not growing: a quarter for the noise of a short look, and half a percent of a core. */
const MOST_IDLE_RATIO = 1.25;
const MOST_IDLE_CPU_MS = 5;

/** Those of which everything was measured. */
export function promisesOf(results: Results): readonly KeptPromise[] {
  const { drain, 'start-delay': startDelay, flood } = results;
  const few = results.idle?.ours;
  const many = results['idle-200']?.ours;
  const fewOnMongo = results.idle?.['ours-mongodb'];
  const manyOnMongo = results['idle-200']?.['ours-mongodb'];
  return [
    ...(typeof drain?.ratio === 'number'
      ? [atLeast('drain rate, times that of stock Agenda', drain.ratio, LEAST_DRAIN_RATIO)]
      : []),
    ...(drain?.ours
      ? [below('transactions per job, draining', drain.ours.transactionsPerJob, TRANSACTIONS_BELOW)]
      : []),
    ...(startDelay?.ours
      ? [
          below('ms from enqueue to start, outbox included, p50', startDelay.ours.p50Ms, P50_BELOW_MS),
          below('ms from enqueue to start, outbox included, p99', startDelay.ours.p99Ms, P99_BELOW_MS),
        ]
      : []),
    ...(few && many
      ? [
          below(
            `transactions per second while idle, ${MANY_DEFINITIONS} definitions over 1`,
            many.transactionsPerSecond / few.transactionsPerSecond,
            MOST_IDLE_RATIO,
          ),
          below(
            `CPU ms per second while idle, ${MANY_DEFINITIONS} definitions beyond 1`,
            many.cpuMsPerSecond - few.cpuMsPerSecond,
            MOST_IDLE_CPU_MS,
          ),
        ]
      : []),
    // What a server without MongoDB's indexes says of it, too; rates and delays are the server's.
    ...(fewOnMongo && manyOnMongo
      ? [
          below(
            `commands per second to MongoDB's server while idle, ${MANY_DEFINITIONS} definitions over 1`,
            manyOnMongo.commandsPerSecond / fewOnMongo.commandsPerSecond,
            MOST_IDLE_RATIO,
          ),
        ]
      : []),
    ...(flood?.ours
      ? [below("ms a quiet tenant's job waits in a flood, p99", flood.ours.p99Ms, QUIET_P99_BELOW_MS)]
      : []),
  ];
}

export const promiseLine = ({ promise, wanted, measured, holds }: KeptPromise): string =>
  `${holds ? 'yes' : 'NO '}  ${promise}: ${fixed(measured, 2)}; ${wanted} wanted`;

const atLeast = (promise: string, measured: number, least: number): KeptPromise => ({
  promise,
  wanted: `at least ${least}`,
  measured,
  holds: measured >= least,
});

const below = (promise: string, measured: number, bound: number): KeptPromise => ({
  promise,
  wanted: `below ${bound}`,
  measured,
  holds: measured < bound,
});
