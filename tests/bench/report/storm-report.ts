import type { GatewayName } from '../gateways/gateway-names.js';
import type { OperationName } from '../operations.js';
import type { StormFigures, StormTable } from '../runs/storm.js';
import { HOT_PER_SECOND, NOVEL_PER_SECOND } from '../runs/storm.js';
import { fixed, textTable } from './text-table.js';
import { verdict } from './verdict.js';

const HEADER = ['gateway', 'quiet p50 ms', 'quiet p99 ms', 'storm p50 ms', 'storm p99 ms', 'p99 ratio', 'novel p99 ms'];
/** A storm may make the p99 of hot operations so many times what it is in quiet. */
const MOST = 2;

/** What novel operations do to hot ones. */
export function stormReport(table: StormTable): string {
  const row = ([name, figures]: [GatewayName, StormFigures]): string[] => [
    `${name} ${figures.version}`,
    fixed(figures.quietP50Ms, 2),
    fixed(figures.quietP99Ms, 2),
    fixed(figures.stormP50Ms, 2),
    fixed(figures.stormP99Ms, 2),
    `${fixed(figures.stormP99Ms / figures.quietP99Ms, 2)}×`,
    fixed(figures.novelP99Ms, 2),
  ];
  return (Object.entries(table) as [OperationName, NonNullable<StormTable[OperationName]>][])
    .map(([operation, byGateway]) => {
      const rows = (Object.entries(byGateway) as [GatewayName, StormFigures][]).map(row);
      const title = `${operation}: ${HOT_PER_SECOND} hot requests/s, alone and with ${NOVEL_PER_SECOND} novel operations/s beside them`;
      return `\n${title}\n\n${textTable(HEADER, rows)}${byGateway.ours ? `\n${verdictOn(operation, byGateway.ours)}\n` : ''}`;
    })
    .join('');
}

function verdictOn(operation: OperationName, { quietP99Ms, stormP99Ms }: StormFigures): string {
  const ratio = stormP99Ms / quietP99Ms;
  return verdict(
    ratio <= MOST,
    operation,
    `our p99 in a storm is ${ratio.toFixed(2)}× the quiet one, at most ${MOST}× wanted`,
  );
}
