import type { Measured } from '../measure/measure-load.js';
import type { OperationName } from '../operations.js';
import type { ProcessesFigures, ProcessesTable } from '../runs/processes.js';
import { fixed, textTable } from './text-table.js';
import { verdict } from './verdict.js';

const HEADER = ['processes', 'CPU ms/request', '÷ one', 'requests/s', 'p50 ms', 'p99 ms'];
/** CPU per request of several processes, as a part of that of one. */
const MOST = 1.1;

/** What several processes cost beside one. */
export function processesReport(table: ProcessesTable, processes: number): string {
  const row = (label: string, measured: Measured, one: Measured): string[] => [
    label,
    fixed(measured.cpuMsPerRequest, 3),
    fixed(measured.cpuMsPerRequest / one.cpuMsPerRequest, 2),
    fixed(measured.rps, 0),
    fixed(measured.p50Ms, 2),
    fixed(measured.p99Ms, 2),
  ];
  return (Object.entries(table) as [OperationName, ProcessesFigures][])
    .map(([operation, { one, several }]) => {
      const rows = [row('1', one, one), row(String(processes), several, one)];
      const ratio = several.cpuMsPerRequest / one.cpuMsPerRequest;
      const what = `${ratio.toFixed(2)} of the CPU per request of one process, at most ${MOST} wanted`;
      return `\n${operation}\n\n${textTable(HEADER, rows)}\n${verdict(ratio <= MOST, operation, what)}\n`;
    })
    .join('');
}
