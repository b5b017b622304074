import { parseArgs } from 'node:util';
import { namesOf, numberOf } from '../read-option.js';
import { SCENARIO_NAMES, type ScenarioName } from './scenarios.js';

/** The gateway sends one every 12 s. */
const ONE_HEARTBEAT_MS = 13_000;

export interface Options {
  readonly json: boolean;
  /** In each scenario. */
  readonly subscriptions: number;
  /** That are measured, one after the other. */
  readonly events: number;
  /** How long it is looked at what the gateway does while nothing happens. */
  readonly idleMs: number;
  readonly scenarios: readonly ScenarioName[];
}

/** Throws with one sentence for what cannot be run. help.txt says what each is for. */
export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      subscriptions: { type: 'string' },
      events: { type: 'string' },
      scenarios: { type: 'string' },
    },
  });
  return {
    json: values.json,
    subscriptions: numberOf('subscriptions', values.subscriptions, values.quick ? 1_000 : 10_000, 1, 100_000),
    events: numberOf('events', values.events, values.quick ? 5 : 10, 1, 1_000),
    idleMs: values.quick ? 2_000 : ONE_HEARTBEAT_MS,
    scenarios: namesOf('scenarios', values.scenarios, SCENARIO_NAMES),
  };
}
