import type { GatewayName } from '../gateways/gateway-names.js';
import type { OperationName } from '../operations.js';
import { MAIN, SCENARIOS } from '../runs/scenarios.js';
import type { Figures, FiguresByGateway, SpeedTables } from '../runs/speed.js';
import { standing } from './standing.js';
import { fixed, textTable, timesOurs } from './text-table.js';

const HEADER = [
  'gateway',
  'CPU ms/request',
  '÷ ours',
  'requests/s',
  '÷ ours',
  'p50 ms',
  'p99 ms',
  'RSS MB',
  'subgraph requests: cold',
  'under load',
];

/** A table for each operation and scenario, then where ours stands. */
export function speedReport(tables: SpeedTables): string {
  const operations = Object.keys(tables.results ?? {}) as OperationName[];
  const parts = operations.flatMap((operation) =>
    SCENARIOS.filter(({ besideMain }) => besideMain === null).flatMap((scenario) => {
      const shown =
        scenario === MAIN ? [MAIN, ...SCENARIOS.filter(({ besideMain }) => besideMain !== null)] : [scenario];
      const rows = shown.flatMap(({ key, besideMain }) => rowsOf(tables[key]?.[operation] ?? {}, besideMain));
      return rows.length > 0 ? [`\n${operation}: ${scenario.title}\n\n${textTable(HEADER, rows)}`] : [];
    }),
  );
  return `${parts.join('')}\n${standing(tables)}`;
}

function rowsOf(byGateway: FiguresByGateway, besideMain: string | null): string[][] {
  const { ours } = byGateway;
  const row = ([name, figures]: [GatewayName, Figures]): string[] => [
    `${name} ${figures.version}${besideMain === null ? '' : `, ${besideMain}`}`,
    fixed(figures.cpuMsPerRequest, 3),
    timesOurs(figures.cpuMsPerRequest, ours?.cpuMsPerRequest),
    fixed(figures.rps, 0),
    timesOurs(figures.rps, ours?.rps),
    fixed(figures.p50Ms, 2),
    fixed(figures.p99Ms, 2),
    fixed(figures.rssMb, 0),
    String(figures.subgraphRequestsPerOperation),
    fixed(figures.subgraphRequestsPerRequest, 2),
  ];
  return (Object.entries(byGateway) as [GatewayName, Figures][]).map(row);
}
