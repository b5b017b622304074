import { fixed, textTable } from '../../report/text-table.js';
import type { Latencies } from '../load/rate-order.js';
import type { Figures } from '../measure/figures.js';
import { MIX, MIXED_NAMES } from '../mix.js';
import { promisesOf } from './promises.js';

/** The steps to saturation, what is measured below it, and what is promised of that. */
export function operationsReport({ cores, saturation, measured, rssMb }: Figures): string {
  const { cpuMsPerRequest, perSecond, all, byOperation, sentLateP99Ms, othersCores } = measured;
  const steps = saturation
    ? textTable(
        [
          'requests/s',
          'answered/s',
          'p50 ms',
          'p95 ms',
          'p99 ms',
          'failed',
          'stack CPU ms/request',
          'cores of others',
          'borne',
        ],
        saturation.steps.map((step) => [
          String(step.perSecond),
          fixed(step.answeredPerSecond, 0),
          ...latencyCells(step.all),
          String(step.failed),
          fixed(step.cpuMsPerRequest.stack, 2),
          fixed(step.othersCores, 1),
          step.isBorne ? 'yes' : 'no',
        ]),
      )
    : '';
  const part = saturation
    ? `${fixed((perSecond / saturation.perSecond) * 100, 0)} % of ${saturation.perSecond}/s: `
    : '';
  const operations = textTable(
    [`${part}${perSecond} requests/s`, 'of 100', 'requests', 'p50 ms', 'p95 ms', 'p99 ms'],
    [
      ...MIXED_NAMES.map((name) => [
        name,
        String(MIX[name].part),
        String(byOperation[name].count),
        ...latencyCells(byOperation[name]),
      ]),
      ['all', '100', String(all.count), ...latencyCells(all)],
    ],
  );
  const { stack, postgresql, sender } = cpuMsPerRequest;
  const costs = textTable(
    ['CPU of', 'ms/request'],
    [
      ['the stack, its worker included', fixed(stack, 2)],
      ['PostgreSQL', fixed(postgresql, 2)],
      ['whoever sends', fixed(sender, 2)],
    ],
  );
  const lines = [
    `the stack has ${fixed(rssMb, 0)} MB; requests were sent ${fixed(sentLateP99Ms, 1)} ms late (p99); others on this machine used ${fixed(othersCores, 1)} of its ${cores} cores`,
    '',
    ...promisesOf(measured).map(({ holds, what }) => `${holds ? 'OK' : 'NO'}  ${what}`),
  ];
  return `\n${[steps, operations, costs].filter(Boolean).join('\n')}\n${lines.join('\n')}\n`;
}

const latencyCells = ({ p50Ms, p95Ms, p99Ms }: Latencies): string[] => [
  fixed(p50Ms, 1),
  fixed(p95Ms, 1),
  fixed(p99Ms, 1),
];
