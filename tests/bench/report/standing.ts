import { median } from '../measure/median.js';
import { isPeer, type GatewayName } from '../gateways/gateway-names.js';
import type { OperationName } from '../operations.js';
import type { Figures, FiguresByGateway, SpeedTables } from '../runs/speed.js';
import { MOST_OVERHEAD } from './overhead-report.js';
import { verdict } from './verdict.js';

/** Our CPU per request as a part of theirs: at most the floor, if possible the aim. */
interface Wanted {
  readonly floor: number;
  readonly aim: number;
}

const WANTED: Readonly<Record<OperationName, { readonly stock: Wanted; readonly best: Wanted }>> = {
  deep: { stock: { floor: 1 / 8, aim: 1 / 10 }, best: { floor: 1 / 2, aim: 1 / 3 } },
  single: { stock: { floor: 1 / 6, aim: 1 / 8 }, best: { floor: 1 / 3, aim: 1 / 4 } },
  join: { stock: { floor: 1 / 6, aim: 1 / 8 }, best: { floor: 1 / 2, aim: 1 / 3 } },
};
const DEEP_SUBGRAPH_REQUESTS = 7;
const RSS_MB = 300;

/** One line for each thing that is wanted of our gateway, with what it reached. */
export function standing({ results = {}, manyTenants = {} }: SpeedTables): string {
  const lines = (Object.entries(results) as [OperationName, FiguresByGateway][]).flatMap(
    ([operation, { ours, ...besides }]) => {
      if (!ours) return [];
      const others = (Object.entries(besides) as [GatewayName, Figures][]).filter(([name]) => isPeer(name));
      const [best] = others.sort(([, a], [, b]) => a.cpuMsPerRequest - b.cpuMsPerRequest);
      const stock = besides['apollo-gateway'];
      const { cpuMsPerRequest: cpu, subgraphRequestsPerOperation: requests, rssMb } = ours;
      const fewest = Math.min(...others.map(([, figures]) => figures.subgraphRequestsPerOperation));
      const most = operation === 'deep' ? Math.min(DEEP_SUBGRAPH_REQUESTS, fewest) : fewest;
      return [
        ...(stock
          ? [ratioLine(operation, 'apollo-gateway', cpu / stock.cpuMsPerRequest, WANTED[operation].stock)]
          : []),
        ...(best
          ? [ratioLine(operation, `the best peer (${best[0]})`, cpu / best[1].cpuMsPerRequest, WANTED[operation].best)]
          : []),
        ...(best
          ? [verdict(requests <= most, operation, `${requests} subgraph requests, at most ${most} wanted`)]
          : []),
        ...overheadLines(operation, manyTenants[operation] ?? {}),
        verdict(rssMb <= RSS_MB, operation, `${rssMb.toFixed(0)} MB after the run, at most ${RSS_MB} wanted`),
      ];
    },
  );
  return lines.length > 0 ? `Ours\n\n${lines.join('\n')}\n` : '';
}

function ratioLine(operation: OperationName, peer: string, ratio: number, { floor, aim }: Wanted): string {
  const wanted = `floor ${floor.toFixed(3)}, aim ${aim.toFixed(3)}`;
  const reached = ratio <= aim ? ', aim reached' : '';
  return verdict(ratio <= floor, operation, `${ratio.toFixed(3)} of the CPU of ${peer} (${wanted})${reached}`);
}

function overheadLines(operation: OperationName, { ours, 'ours-bare': bare }: FiguresByGateway): readonly string[] {
  if (!ours || !bare) return [];
  // Of each round, since what disturbs the machine for a while disturbs both.
  const ratio = median(ours.cpuMsByRound.map((cpuMs, round) => cpuMs / bare.cpuMsByRound[round]!));
  const what = `${ratio.toFixed(3)} of the CPU without protection and observation, with the tokens of 200 tenants`;
  return operation === 'single'
    ? [verdict(ratio <= 1 + MOST_OVERHEAD, operation, `${what}, at most ${1 + MOST_OVERHEAD} wanted`)]
    : [`     ${operation}: ${what}`];
}
