import { parseArgs } from 'node:util';
import { namesOf, numberOf } from '../read-option.js';
import { QUEUE_NAMES, type QueueName, type Storage } from './queues/queue-names.js';
import { RUN_NAMES, type RunName } from './runs/run-names.js';

export interface Options {
  readonly json: boolean;
  readonly runs: readonly RunName[];
  readonly queues: readonly QueueName[];
  /** Jobs at once in a worker. */
  readonly places: number;
  /** Of looking at idle workers. */
  readonly idleSeconds: number;
  /** The same for all queues of a storage. */
  readonly load: Readonly<Record<Storage, Load>>;
}

/** How much of everything. */
export interface Load {
  /** Of each queue, in turn with the other. */
  readonly rounds: number;
  /** Jobs that wait when a worker of a draining run starts. */
  readonly jobs: number;
  /** Jobs of one tenant that wait in the run `flood`. */
  readonly flood: number;
  /** Of one round of enqueueing and of start delays. */
  readonly seconds: number;
  /** After which a worker that is still busy with a queue is left alone. */
  readonly drainWithinMs: number;
  readonly floodWithinMs: number;
}

/** Throws with one sentence for what cannot be run. help.txt says what each is for. */
export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      runs: { type: 'string' },
      queues: { type: 'string' },
      rounds: { type: 'string' },
      jobs: { type: 'string' },
      places: { type: 'string' },
      seconds: { type: 'string' },
      'mongodb-jobs': { type: 'string' },
    },
  });
  const { quick, json } = values;
  const roundsOr = (otherwise: number): number => numberOf('rounds', values.rounds, otherwise, 1, 100);
  const secondsOr = (otherwise: number): number => numberOf('seconds', values.seconds, otherwise, 1, 600);
  const mongodbJobs = numberOf('mongodb-jobs', values['mongodb-jobs'], quick ? 100 : 300, 1, 1_000_000);
  return {
    json,
    runs: namesOf('runs', values.runs, RUN_NAMES),
    queues: namesOf('queues', values.queues, QUEUE_NAMES),
    places: numberOf('places', values.places, 20, 1, 100),
    idleSeconds: quick ? 8 : 30,
    load: {
      postgresql: {
        rounds: roundsOr(quick ? 2 : 3),
        jobs: numberOf('jobs', values.jobs, quick ? 3_000 : 10_000, 1, 1_000_000),
        flood: 10_000,
        seconds: secondsOr(quick ? 3 : 10),
        drainWithinMs: quick ? 20_000 : 180_000,
        floodWithinMs: quick ? 10_000 : 120_000,
      },
      mongodb: {
        rounds: roundsOr(quick ? 1 : 3),
        jobs: mongodbJobs,
        flood: mongodbJobs,
        seconds: secondsOr(quick ? 1 : 10),
        drainWithinMs: quick ? 20_000 : 180_000,
        floodWithinMs: quick ? 4_000 : 120_000,
      },
    },
  };
}
