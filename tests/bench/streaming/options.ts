import { parseArgs } from 'node:util';
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
    subscriptions: numberOf('subscriptions', values.subscriptions, values.quick ? 1_000 : 10_000, 100_000),
    events: numberOf('events', values.events, values.quick ? 5 : 10, 1_000),
    idleMs: values.quick ? 2_000 : ONE_HEARTBEAT_MS,
    scenarios: scenariosOf(values.scenarios),
  };
}

function scenariosOf(given: string | undefined): readonly ScenarioName[] {
  if (given === undefined) return SCENARIO_NAMES;
  const wanted = given.split(',');
  const stranger = wanted.find((name) => !SCENARIO_NAMES.some((one) => one === name));
  if (stranger !== undefined) throw new Error(`--scenarios knows ${SCENARIO_NAMES.join(', ')}; not "${stranger}".`);
  return SCENARIO_NAMES.filter((name) => wanted.includes(name));
}

function numberOf(option: string, given: string | undefined, otherwise: number, most: number): number {
  const number = given === undefined ? otherwise : Number(given);
  if (!Number.isInteger(number) || number < 1 || number > most)
    throw new Error(`--${option} is a whole number from 1 to ${most}; not "${given}".`);
  return number;
}
