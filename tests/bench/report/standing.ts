import type { GatewayName } from '../gateways/gateway-names.js';
import type { OperationName } from '../operations.js';
import type { Figures, SpeedTable } from '../runs/speed.js';
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
export function standing(table: SpeedTable): string {
  const lines = (Object.entries(table) as [OperationName, SpeedTable[OperationName]][]).flatMap(
    ([operation, byGateway]) => {
      const { ours, ...peers } = byGateway!;
      if (!ours) return [];
      const others = Object.entries(peers) as [GatewayName, Figures][];
      const [best] = others.sort(([, a], [, b]) => a.cpuMsPerRequest - b.cpuMsPerRequest);
      const stock = peers['apollo-gateway'];
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
