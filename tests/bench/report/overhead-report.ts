import type { Estimate } from '../recording/measure/estimate.js';
import type { OverheadFigures } from '../runs/overhead.js';
import { fixed, textTable } from './text-table.js';
import { verdict } from './verdict.js';

/** Of the CPU of a request without protection and observation, of an operation as small as it gets. */
export const MOST_OVERHEAD = 0.15;

/** What protection and observation cost the smallest operation. */
export function overheadReport({ cpuUs, cost, costOfAll, pairs, requestsPerBlock }: OverheadFigures): string {
  const table = textTable(
    ['protection, observation', 'CPU µs/request'],
    [
      ['off', fixed(cpuUs.off, 1)],
      ['on', fixed(cpuUs.on, 1)],
    ],
  );
  const blocks = `the median of ${pairs} pairs of blocks of ${requestsPerBlock} requests`;
  return [
    `\nsingle: different requests of different tenants\n\n${table}`,
    `protection and observation cost ${percent(cost.value)} % CPU (95 %: ${bounds(cost)}), ${blocks}`,
    `  of all blocks together ${percent(costOfAll.value)} % (${bounds(costOfAll)})\n`,
    verdict(cost.value <= MOST_OVERHEAD, 'single', `at most ${MOST_OVERHEAD * 100} % wanted`),
    '',
  ].join('\n');
}

const bounds = ({ from, to }: Estimate): string => `${percent(from)}–${percent(to)}`;

const percent = (part: number): string => fixed(part * 100, 1).replace('-', '−');
