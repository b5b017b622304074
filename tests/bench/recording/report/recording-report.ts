import { fixed, textTable } from '../../report/text-table.js';
import type { Estimate } from '../measure/estimate.js';
import type { Figures } from '../measure/measure-recording.js';
import { promisesOf } from './promises.js';

/** What recording costs, of what that is made, and what is promised of it. */
export function recordingReport(figures: Figures): string {
  const { cpuUs, counting, countingOfAll, flushMs, flushes, flushing, cost, pairs, requestsPerBlock } = figures;
  const table = textTable(
    ['recording', 'CPU µs/request'],
    [
      ['off', fixed(cpuUs.off, 1)],
      ['on', fixed(cpuUs.on, 1)],
    ],
  );
  const lines = [
    `recording costs ${percent(cost.value)} % CPU (95 %: ${bounds(cost)})`,
    `  counting: ${percent(counting.value)} % (${bounds(counting)}), the median of ${pairs} pairs of blocks of ${requestsPerBlock} requests; of all blocks together ${percent(countingOfAll.value)} % (${bounds(countingOfAll)})`,
    `  flushing: ${percent(flushing)} %, which is ${fixed(flushMs, 2)} ms each 10 s, the mean of ${flushes} flushes`,
  ];
  const promises = promisesOf(figures).map(({ holds, what }) => `${holds ? 'OK' : 'NO'}  ${what}`);
  return `\n${table}\n${lines.join('\n')}\n\n${promises.join('\n')}\n`;
}

const bounds = ({ from, to }: Estimate): string => `${percent(from)}–${percent(to)}`;

const percent = (part: number): string => fixed(part * 100, 2).replace('-', '−');
