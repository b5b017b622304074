import type { GatewayName } from '../gateways/gateway-names.js';
import type { LoadOrder } from '../load/load-order.js';
import { ask } from '../measure/ask.js';
import type { BenchBed } from '../measure/bench-bed.js';
import { compareAnswers, type ComparedGateway } from '../measure/compare-answers.js';
import { inRounds } from '../measure/in-rounds.js';
import { measureLoad, type Measured } from '../measure/measure-load.js';
import { medianOf } from '../measure/median.js';
import { warmUp } from '../measure/warm-up.js';
import { requestBody, type OperationName } from '../operations.js';
import type { Options } from '../options.js';
import { usageOf } from '../processes/usage.js';
import { MAIN, scenariosOf, type Scenario } from './scenarios.js';

/** No scenario uses it: the first request of an operation finds nothing prepared. */
const COLD_SEED = 1_000_000;

/** Of one gateway, one operation, one scenario: the median of all rounds. */
export interface Figures extends Measured {
  readonly version: string;
  /** In the order of the rounds. */
  readonly cpuMsByRound: readonly number[];
  /** After the last round. */
  readonly rssMb: number;
  /** Counted on the operation's first request. */
  readonly subgraphRequestsPerOperation: number;
}

export type FiguresByGateway = Partial<Record<GatewayName, Figures>>;
export type SpeedTable = Partial<Record<OperationName, FiguresByGateway>>;
export type SpeedTables = Partial<Record<Scenario['key'], SpeedTable>>;

/** Every gateway, operation and scenario. */
export async function measureSpeed(
  bed: BenchBed,
  options: Options,
  report: (line: string) => void,
): Promise<SpeedTables> {
  const tables: SpeedTables = {};
  for (const operation of options.operations) {
    const cold = await countColdRequests(bed, operation);
    report(`${operation}: comparing answers …`);
    const bodies = Array.from({ length: MAIN.seeds }, (_, seed) => requestBody(operation, seed));
    const gateways = await compareAnswers(bed, bodies, report);
    for (const scenario of scenariosOf(options)) {
      report(`${operation}: ${scenario.title} …`);
      const table = (tables[scenario.key] ??= {});
      table[operation] = await measureScenario(bed, gateways, cold, bodies, scenario, options, report);
    }
  }
  return tables;
}

/** How many requests to subgraphs the first request of an operation makes. A gateway that fails is found by comparing. */
async function countColdRequests(bed: BenchBed, operation: OperationName): Promise<Map<GatewayName, number>> {
  const counts = new Map<GatewayName, number>();
  for (const { name, url } of bed.gateways) {
    const before = await bed.subgraphRequests();
    await ask(url, requestBody(operation, COLD_SEED), bed.token).catch(() => undefined);
    counts.set(name, (await bed.subgraphRequests()) - before);
  }
  return counts;
}

async function measureScenario(
  bed: BenchBed,
  gateways: readonly ComparedGateway[],
  cold: ReadonlyMap<GatewayName, number>,
  allBodies: readonly string[],
  { seeds, tokens }: Scenario,
  { connections, seconds, rounds, warmUpMs }: Options,
  report: (line: string) => void,
): Promise<FiguresByGateway> {
  const bodies = allBodies.slice(0, seeds);
  const orderFor = ({ url, answerBytes }: ComparedGateway): LoadOrder => ({
    urls: [url],
    bodies,
    tokens,
    answerBytes,
    pace: { kind: 'closed', connections },
    durationMs: seconds * 1_000,
  });
  const measured = await inRounds<ComparedGateway, Measured>(
    {
      gateways,
      rounds,
      warmUp: (gateway) => warmUp(bed, gateway, orderFor(gateway), warmUpMs),
      measure: (gateway) => measureLoad(bed, [gateway.pid], orderFor(gateway)),
    },
    report,
  );

  const figures: FiguresByGateway = {};
  for (const { name, version, pid } of gateways) {
    const all = measured.get(name);
    if (!all) continue;
    const { rssMb } = await usageOf(pid);
    const cpuMsByRound = all.map(({ cpuMsPerRequest }) => cpuMsPerRequest);
    figures[name] = { version, ...medianOf(all), cpuMsByRound, rssMb, subgraphRequestsPerOperation: cold.get(name)! };
  }
  return figures;
}
