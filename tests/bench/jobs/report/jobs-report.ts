import { fixed, textTable, timesOurs } from '../../report/text-table.js';
import type { Load, Options } from '../options.js';
import { KINDS, QUEUE_ON, STORAGES, type Kind, type Storage } from '../queues/queue-names.js';
import type { DrainFigures } from '../runs/drain.js';
import { CALLERS, type EnqueueFigures } from '../runs/enqueue.js';
import { FLOOD_JOB_MS, QUIET_EVERY_MS } from '../runs/flood.js';
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

export type Versions = Readonly<Record<Kind, string>>;

/** Of MongoDB's server: its name with its version; or why there is none; null where nobody asked for one. */
export type MongoSeen = { readonly server: string; readonly jobs: number } | { readonly leftOut: string } | null;

/** Tables for each run, one for each storage; then what is promised. */
export function jobsReport(
  results: Results,
  { places, load }: Options,
  { versions, mongo }: { readonly versions: Versions; readonly mongo: MongoSeen },
): string {
  const mongoServer = mongo && 'server' in mongo ? mongo.server : '';

  /** Nothing where the run was left out. */
  function tables<Figures>(
    run: string,
    compared: Compared<Figures> | undefined,
    describe: (load: Load) => string,
    columns: readonly Column<Figures>[],
  ): string {
    return STORAGES.map((storage) => {
      const queues = QUEUE_ON[storage];
      const shown = columns.filter(({ only }) => only === undefined || only === storage);
      const rows = KINDS.flatMap((kind) => {
        const figures = compared?.[queues[kind]];
        if (!figures) return [];
        return [
          [`${queues[kind]} ${versions[kind]}`, ...shown.map(({ cell }) => cell(figures, compared[queues.ours]))],
        ];
      });
      if (!rows.length) return '';
      const title = storage === 'mongodb' ? `${run} on ${mongoServer}` : run;
      const header = ['queue', ...shown.map(({ title }) => (storage === 'mongodb' ? onMongo(title) : title))];
      return `\n${title}: ${describe(load[storage])}\n\n${textTable(header, rows)}`;
    }).join('');
  }

  const drained = ({ jobs }: Load): string => `${jobs} waiting jobs, ${places} at once`;
  const parts = [
    tables('drain', results.drain, (load) => `${drained(load)}; a job does nothing`, DRAIN),
    tables('drain-5ms', results['drain-5ms'], (load) => `${drained(load)}; a job takes ${WORKING_JOB_MS} ms`, DRAIN),
    tables('enqueue', results.enqueue, () => `${CALLERS} callers`, ENQUEUE),
    tables('start-delay', results['start-delay'], () => `${JOBS_PER_SECOND} jobs/s, from before enqueue`, DELAY),
    tables('idle', results.idle, () => '1 definition', IDLE),
    tables('idle-200', results['idle-200'], () => `${MANY_DEFINITIONS} definitions`, IDLE),
    tables(
      'flood',
      results.flood,
      ({ flood }) => `a quiet tenant's job each ${QUIET_EVERY_MS} ms while another has ${flood} of ${FLOOD_JOB_MS} ms`,
      FLOODED,
    ),
  ];
  const promises = promisesOf(results).map(promiseLine);
  return `${parts.join('')}${aboutMongo(mongo)}${promises.length ? `\n${promises.join('\n')}\n` : ''}`;
}

function aboutMongo(mongo: MongoSeen): string {
  if (mongo === null) return '';
  if ('leftOut' in mongo) return `\nMongoDB is left out. ${mongo.leftOut}\n`;
  return mongo.server.startsWith('FerretDB')
    ? `\n${mongo.server}: its figures say nothing about MongoDB's. Both queues wait for the same server.\n`
    : '';
}

interface Column<Figures> {
  readonly title: string;
  readonly cell: (of: Figures, ours: Figures | undefined) => string;
  /** Absent: on each storage. */
  readonly only?: Storage;
}

/** "PostgreSQL CPU" is that of all servers there. */
const onMongo = (title: string): string => title.replace('PostgreSQL CPU', "servers' CPU");

/** Where a server is not ours, nobody knows what it used. */
const known = (number: number, digits: number): string => (Number.isNaN(number) ? '–' : fixed(number, digits));

const DRAIN: readonly Column<DrainFigures>[] = [
  { title: 'jobs/s', cell: (of) => fixed(of.jobsPerSecond, 0) },
  { title: '÷ ours', cell: (of, ours) => timesOurs(of.jobsPerSecond, ours?.jobsPerSecond) },
  { title: 'transactions/job', cell: (of) => fixed(of.transactionsPerJob, 2), only: 'postgresql' },
  { title: 'commands/job', cell: (of) => fixed(of.commandsPerJob, 2), only: 'mongodb' },
  { title: 'CPU ms/job', cell: (of) => fixed(of.cpuMsPerJob, 3) },
  { title: 'PostgreSQL CPU ms/job', cell: (of) => known(of.serverCpuMsPerJob, 3) },
  { title: 'run', cell: (of) => (of.ran < of.jobs ? `${fixed(of.ran, 0)} in its time` : 'all') },
  { title: 'run again', cell: (of) => fixed(of.repeated, 0) },
];

const ENQUEUE: readonly Column<EnqueueFigures>[] = [
  { title: 'jobs/s', cell: (of) => fixed(of.jobsPerSecond, 0) },
  { title: '÷ ours', cell: (of, ours) => timesOurs(of.jobsPerSecond, ours?.jobsPerSecond) },
  { title: 'CPU ms/job', cell: (of) => fixed(of.cpuMsPerJob, 3) },
  { title: 'PostgreSQL CPU ms/job', cell: (of) => known(of.serverCpuMsPerJob, 3) },
];

const DELAY: readonly Column<StartDelayFigures>[] = [
  { title: 'p50 ms', cell: (of) => fixed(of.p50Ms, 1) },
  { title: 'p99 ms', cell: (of) => fixed(of.p99Ms, 1) },
  { title: '÷ ours', cell: (of, ours) => timesOurs(of.p99Ms, ours?.p99Ms) },
  { title: 'most ms', cell: (of) => fixed(of.mostMs, 1) },
  { title: 'transactions/job', cell: (of) => fixed(of.transactionsPerJob, 2) },
  { title: 'commands/job', cell: (of) => fixed(of.commandsPerJob, 2), only: 'mongodb' },
  { title: 'CPU ms/job', cell: (of) => fixed(of.cpuMsPerJob, 3) },
];

const IDLE: readonly Column<IdleFigures>[] = [
  { title: 'transactions/s', cell: (of) => fixed(of.transactionsPerSecond, 1) },
  {
    title: '÷ ours',
    cell: (of, ours) => timesOurs(of.transactionsPerSecond, ours?.transactionsPerSecond),
    only: 'postgresql',
  },
  { title: 'commands/s', cell: (of) => fixed(of.commandsPerSecond, 1), only: 'mongodb' },
  { title: '÷ ours', cell: (of, ours) => timesOurs(of.commandsPerSecond, ours?.commandsPerSecond), only: 'mongodb' },
  { title: 'CPU ms/s', cell: (of) => fixed(of.cpuMsPerSecond, 1) },
  { title: 'PostgreSQL CPU ms/s', cell: (of) => known(of.serverCpuMsPerSecond, 1) },
];

// Those that have not started have waited at least so long.
const bound = ({ notStarted }: FloodFigures): string => (notStarted > 0 ? '> ' : '');

const FLOODED: readonly Column<FloodFigures>[] = [
  { title: 'quiet p50 ms', cell: (of) => bound(of) + fixed(of.p50Ms, 0) },
  { title: 'p99 ms', cell: (of) => bound(of) + fixed(of.p99Ms, 0) },
  { title: '÷ ours', cell: (of, ours) => bound(of) + timesOurs(of.p99Ms, ours?.p99Ms) },
  { title: 'quiet jobs', cell: (of) => String(of.jobs) },
  { title: 'not started in time', cell: (of) => fixed(of.notStarted, 0) },
  { title: 'jobs/s', cell: (of) => fixed(of.jobsPerSecond, 0) },
];
