import { fixed, textTable, timesOurs } from '../../report/text-table.js';
import type { Options } from '../options.js';
import { QUEUE_NAMES, type QueueName } from '../queues/queue-names.js';
import type { DrainFigures } from '../runs/drain.js';
import { CALLERS, type EnqueueFigures } from '../runs/enqueue.js';
import { FLOOD, FLOOD_JOB_MS, QUIET_EVERY_MS } from '../runs/flood.js';
import { MANY_DEFINITIONS, type IdleFigures } from '../runs/idle.js';
import {
  WORKING_JOB_MS,
  type Compared,
  type FloodFigures,
  type Results,
  type StartDelayFigures,
} from '../runs/results.js';
import { JOBS_PER_SECOND } from '../runs/start-delay.js';
import { promiseLine, promisesOf } from './promises.js';

export type Versions = Readonly<Record<QueueName, string>>;

/** A table for each run, then what is promised. */
export function jobsReport(results: Results, { jobs, places }: Options, versions: Versions): string {
  /** Nothing where the run was left out. */
  function table<Figures>(
    title: string,
    compared: Compared<Figures> | undefined,
    header: readonly string[],
    cells: (figures: Figures, ours: Figures | undefined) => readonly string[],
  ): string {
    const rows = QUEUE_NAMES.flatMap((name) => {
      const figures = compared?.[name];
      return figures ? [[`${name} ${versions[name]}`, ...cells(figures, compared.ours)]] : [];
    });
    return rows.length ? `\n${title}\n\n${textTable(['queue', ...header], rows)}` : '';
  }

  const drained = `${jobs} waiting jobs, ${places} at once`;
  const parts = [
    table(`drain: ${drained}; a job does nothing`, results.drain, DRAIN, drainCells),
    table(`drain-5ms: ${drained}; a job takes ${WORKING_JOB_MS} ms`, results['drain-5ms'], DRAIN, drainCells),
    table(`enqueue: ${CALLERS} callers`, results.enqueue, ENQUEUE, enqueueCells),
    table(`start-delay: ${JOBS_PER_SECOND} jobs/s, from before enqueue`, results['start-delay'], DELAY, delayCells),
    table('idle: 1 definition', results.idle, IDLE, idleCells),
    table(`idle-200: ${MANY_DEFINITIONS} definitions`, results['idle-200'], IDLE, idleCells),
    table(
      `flood: a quiet tenant's job each ${QUIET_EVERY_MS} ms while another has ${FLOOD} of ${FLOOD_JOB_MS} ms`,
      results.flood,
      FLOODED,
      floodCells,
    ),
  ];
  const promises = promisesOf(results).map(promiseLine);
  return `${parts.join('')}${promises.length ? `\n${promises.join('\n')}\n` : ''}`;
}

const DRAIN = ['jobs/s', '÷ ours', 'transactions/job', 'CPU ms/job', 'PostgreSQL CPU ms/job', 'run', 'run again'];
const drainCells = (of: DrainFigures, ours: DrainFigures | undefined): string[] => [
  fixed(of.jobsPerSecond, 0),
  timesOurs(of.jobsPerSecond, ours?.jobsPerSecond),
  fixed(of.transactionsPerJob, 2),
  fixed(of.cpuMsPerJob, 3),
  fixed(of.serverCpuMsPerJob, 3),
  of.ran < of.jobs ? `${fixed(of.ran, 0)} in its time` : 'all',
  fixed(of.repeated, 0),
];

const ENQUEUE = ['jobs/s', '÷ ours', 'CPU ms/job', 'PostgreSQL CPU ms/job'];
const enqueueCells = (of: EnqueueFigures, ours: EnqueueFigures | undefined): string[] => [
  fixed(of.jobsPerSecond, 0),
  timesOurs(of.jobsPerSecond, ours?.jobsPerSecond),
  fixed(of.cpuMsPerJob, 3),
  fixed(of.serverCpuMsPerJob, 3),
];

const DELAY = ['p50 ms', 'p99 ms', '÷ ours', 'most ms', 'transactions/job', 'CPU ms/job'];
const delayCells = (of: StartDelayFigures, ours: StartDelayFigures | undefined): string[] => [
  fixed(of.p50Ms, 1),
  fixed(of.p99Ms, 1),
  timesOurs(of.p99Ms, ours?.p99Ms),
  fixed(of.mostMs, 1),
  fixed(of.transactionsPerJob, 2),
  fixed(of.cpuMsPerJob, 3),
];

const IDLE = ['transactions/s', '÷ ours', 'CPU ms/s', 'PostgreSQL CPU ms/s'];
const idleCells = (of: IdleFigures, ours: IdleFigures | undefined): string[] => [
  fixed(of.transactionsPerSecond, 1),
  timesOurs(of.transactionsPerSecond, ours?.transactionsPerSecond),
  fixed(of.cpuMsPerSecond, 1),
  fixed(of.serverCpuMsPerSecond, 1),
];

const FLOODED = ['quiet p50 ms', 'p99 ms', '÷ ours', 'quiet jobs', 'not started in time', 'jobs/s'];
const floodCells = (of: FloodFigures, ours: FloodFigures | undefined): string[] => {
  // Those that have not started have waited at least so long.
  const bound = of.notStarted > 0 ? '> ' : '';
  return [
    bound + fixed(of.p50Ms, 0),
    bound + fixed(of.p99Ms, 0),
    bound + timesOurs(of.p99Ms, ours?.p99Ms),
    String(of.jobs),
    fixed(of.notStarted, 0),
    fixed(of.jobsPerSecond, 0),
  ];
};
