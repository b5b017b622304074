import { parseArgs } from 'node:util';
import { numberOf } from '../read-option.js';

export interface Options {
  readonly json: boolean;
  readonly tenants: number;
  /** Of each tenant. */
  readonly people: number;
  /** Of one rate while saturation is looked for. */
  readonly stepSeconds: number;
  /** Of measuring below saturation. */
  readonly seconds: number;
  /** null: part of what is found to be saturation. */
  readonly perSecond: number | null;
}

/** Throws with one sentence for what cannot be run. help.txt says what each is for. */
export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      tenants: { type: 'string' },
      people: { type: 'string' },
      step: { type: 'string' },
      seconds: { type: 'string' },
      rate: { type: 'string' },
    },
  });
  const { quick, json } = values;
  return {
    json,
    tenants: numberOf('tenants', values.tenants, quick ? 6 : 8, 1, 100),
    people: numberOf('people', values.people, quick ? 6 : 16, 1, 100),
    stepSeconds: numberOf('step', values.step, quick ? 3 : 8, 1, 60),
    seconds: numberOf('seconds', values.seconds, quick ? 12 : 60, 1, 300),
    perSecond: values.rate === undefined ? null : numberOf('rate', values.rate, 0, 1, 10_000),
  };
}
