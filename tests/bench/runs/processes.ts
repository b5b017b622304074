import type { LoadOrder } from '../load/load-order.js';
import type { BenchBed } from '../measure/bench-bed.js';
import { compareAnswers, type ComparedGateway } from '../measure/compare-answers.js';
import { measureLoad, type Measured } from '../measure/measure-load.js';
import { medianOf } from '../measure/median.js';
import { warmUp } from '../measure/warm-up.js';
import { requestBody, type OperationName } from '../operations.js';
import type { Options } from '../options.js';
import { MAIN } from './scenarios.js';

export interface ProcessesFigures {
  readonly one: Measured;
  /** Of all processes together. */
  readonly several: Measured;
}

export type ProcessesTable = Partial<Record<OperationName, ProcessesFigures>>;

/** One process of a gateway beside several that share the same connections, in turn. The bed has them all running. */
export async function measureProcesses(
  bed: BenchBed,
  { operations, seconds, rounds, connections, warmUpMs }: Options,
  report: (line: string) => void,
): Promise<ProcessesTable> {
  const table: ProcessesTable = {};
  for (const operation of operations) {
    report(`${operation}: comparing answers …`);
    const bodies = Array.from({ length: MAIN.seeds }, (_, seed) => requestBody(operation, seed));
    const gateways = await compareAnswers(bed, bodies, report);
    if (gateways.length < 2) throw new Error('Fewer than two processes give the right answers.');
    const orderFor = (used: readonly ComparedGateway[]): LoadOrder => ({
      urls: used.map(({ url }) => url),
      bodies,
      tokens: MAIN.tokens,
      answerBytes: used[0]!.answerBytes,
      pace: { kind: 'closed', connections },
      durationMs: seconds * 1_000,
    });
    const measure = (used: readonly ComparedGateway[]): Promise<Measured> =>
      measureLoad(
        bed,
        used.map(({ pid }) => pid),
        orderFor(used),
      );

    report(`${operation}: one process, then ${gateways.length} …`);
    for (const gateway of gateways) await warmUp(bed, gateway, orderFor([gateway]), warmUpMs);
    const one: Measured[] = [];
    const several: Measured[] = [];
    for (let round = 0; round < rounds; round++) {
      one.push(await measure([gateways[round % gateways.length]!]));
      several.push(await measure(gateways));
    }
    table[operation] = { one: medianOf(one), several: medianOf(several) };
  }
  return table;
}
