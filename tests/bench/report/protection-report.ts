import type { Estimate } from '../recording/measure/estimate.js';
import type { ProtectionFigures } from '../runs/protection.js';
import { fixed, textTable } from './text-table.js';
import { verdict } from './verdict.js';

/** Of the CPU of a request without protection, of an operation as small as it gets. */
export const MOST_PROTECTION = 0.15;

/** What protection costs the smallest operation. */
export function protectionReport({ cpuUs, cost, costOfAll, pairs, requestsPerBlock }: ProtectionFigures): string {
  const table = textTable(
    ['protection', 'CPU µs/request'],
    [
      ['off', fixed(cpuUs.off, 1)],
      ['on', fixed(cpuUs.on, 1)],
    ],
  );
  const blocks = `the median of ${pairs} pairs of blocks of ${requestsPerBlock} requests`;
  return [
    `\nsingle: different requests of different tenants\n\n${table}`,
    `protection costs ${percent(cost.value)} % CPU (95 %: ${bounds(cost)}), ${blocks}`,
    `  of all blocks together ${percent(costOfAll.value)} % (${bounds(costOfAll)})\n`,
    verdict(cost.value <= MOST_PROTECTION, 'single', `at most ${MOST_PROTECTION * 100} % wanted`),
    '',
  ].join('\n');
}

const bounds = ({ from, to }: Estimate): string => `${percent(from)}–${percent(to)}`;

const percent = (part: number): string => fixed(part * 100, 1).replace('-', '−');
