import { parseArgs } from 'node:util';
import { namesOf, numberOf } from '../read-option.js';
import { QUEUE_NAMES, type QueueName } from './queues/queue-names.js';
import { RUN_NAMES, type RunName } from './runs/run-names.js';

export interface Options {
  readonly json: boolean;
  readonly runs: readonly RunName[];
  readonly queues: readonly QueueName[];
  /** Of each queue, in turn with the other. */
  readonly rounds: number;
  /** Jobs that wait when a worker of a draining run starts. */
  readonly jobs: number;
  /** Jobs at once in a worker. */
  readonly places: number;
  /** Of one round of enqueueing and of start delays. */
  readonly seconds: number;
  /** Of looking at idle workers. */
  readonly idleSeconds: number;
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
    },
  });
  const { quick, json } = values;
  return {
    json,
    runs: namesOf('runs', values.runs, RUN_NAMES),
    queues: namesOf('queues', values.queues, QUEUE_NAMES),
    rounds: numberOf('rounds', values.rounds, quick ? 2 : 3, 1, 100),
    jobs: numberOf('jobs', values.jobs, quick ? 3_000 : 10_000, 1, 1_000_000),
    places: numberOf('places', values.places, 20, 1, 100),
    seconds: numberOf('seconds', values.seconds, quick ? 3 : 10, 1, 600),
    idleSeconds: quick ? 8 : 30,
    drainWithinMs: quick ? 20_000 : 180_000,
    floodWithinMs: quick ? 10_000 : 120_000,
  };
}
