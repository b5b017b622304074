import { parseArgs } from 'node:util';
import { namesOf, numberOf } from '../read-option.js';
import { RUN_NAMES, type RunName } from './runs/run-names.js';

export interface Options {
  readonly json: boolean;
  readonly runs: readonly RunName[];
  /** Who reserve at once, all of one tenant and feature. */
  readonly callers: number;
  readonly rounds: number;
  /** Of each way in a round. */
  readonly roundMs: number;
  /** Sign-ins of each kind whose time is compared, and sessions that are ended. */
  readonly samples: number;
  /** Of signing in at saturation. */
  readonly seconds: number;
}

/** Throws with one sentence for what cannot be run. help.txt says what each is for. */
export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      runs: { type: 'string' },
      callers: { type: 'string' },
      rounds: { type: 'string' },
      samples: { type: 'string' },
      seconds: { type: 'string' },
    },
  });
  const { quick, json } = values;
  return {
    json,
    runs: namesOf('runs', values.runs, RUN_NAMES),
    callers: numberOf('callers', values.callers, 4, 1, 10),
    rounds: numberOf('rounds', values.rounds, quick ? 12 : 40, 1, 1_000),
    roundMs: quick ? 120 : 300,
    samples: numberOf('samples', values.samples, quick ? 25 : 150, 1, 10_000),
    seconds: numberOf('seconds', values.seconds, quick ? 5 : 20, 1, 600),
  };
}
