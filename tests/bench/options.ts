import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { DEPLOYED_GATEWAYS, GATEWAY_NAMES, type GatewayName } from './gateways/gateway-names.js';
import { OPERATION_NAMES, type OperationName } from './operations.js';
import { namesOf, numberOf } from './read-option.js';

export interface Options {
  readonly run: 'speed' | 'storm' | 'processes' | 'overhead';
  /** Only the main table. */
  readonly quick: boolean;
  readonly json: boolean;
  readonly operations: readonly OperationName[];
  readonly gateways: readonly GatewayName[];
  /** Of one measurement. */
  readonly seconds: number;
  readonly rounds: number;
  /** CPU time of a gateway before it is measured. */
  readonly warmUpMs: number;
  readonly connections: number;
  /** How many of ours share the load, in the run `processes`. */
  readonly processes: number;
  /** Where the picture goes; null: none is wanted. */
  readonly picture: string | null;
}

/** Unless told. */
const SECONDS: Readonly<Record<Options['run'], { readonly full: number; readonly quick: number }>> = {
  speed: { full: 3, quick: 1 },
  storm: { full: 6, quick: 1 },
  processes: { full: 3, quick: 1 },
  overhead: { full: 60, quick: 15 },
};

/** Throws with one sentence for what cannot be run. help.txt says what each is for. */
export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      storm: { type: 'boolean', default: false },
      overhead: { type: 'boolean', default: false },
      processes: { type: 'string' },
      operations: { type: 'string' },
      gateways: { type: 'string' },
      seconds: { type: 'string' },
      rounds: { type: 'string' },
      connections: { type: 'string' },
      picture: { type: 'string' },
    },
  });
  const wanted: readonly Options['run'][] = [
    ...(values.storm ? (['storm'] as const) : []),
    ...(values.overhead ? (['overhead'] as const) : []),
    ...(values.processes !== undefined ? (['processes'] as const) : []),
  ];
  if (wanted.length > 1) throw new Error(`Choose one of ${wanted.map((one) => `--${one}`).join(' and ')}.`);
  const run = wanted[0] ?? 'speed';
  if (values.picture !== undefined && run !== 'speed') throw new Error(`There is no --picture of --${run}.`);
  return {
    run,
    quick: values.quick,
    json: values.json,
    operations: namesOf('operations', values.operations, OPERATION_NAMES, run === 'speed' ? OPERATION_NAMES : ['join']),
    gateways: namesOf('gateways', values.gateways, GATEWAY_NAMES, DEPLOYED_GATEWAYS),
    seconds: numberOf('seconds', values.seconds, SECONDS[run][values.quick ? 'quick' : 'full'], 1, 600),
    rounds: numberOf('rounds', values.rounds, 3, 1, 100),
    warmUpMs: values.quick ? 2_000 : 4_000,
    connections: numberOf('connections', values.connections, 16, 1, 32),
    processes: numberOf('processes', values.processes, 2, 2, Math.max(2, availableParallelism())),
    picture: values.picture ?? null,
  };
}
