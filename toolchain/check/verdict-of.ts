import { ROUTING_URL_MOVED } from '@inevitable/contract';
import { counted } from '../findings/counted.js';
import type { CheckReport } from './check-report.js';

type Judged = Omit<CheckReport, 'format' | 'passed' | 'verdict'>;

/** The outcome in one sentence. */
export function verdictOf(report: Judged, { composes, hasBase }: { composes: boolean; hasBase: boolean }): string {
  const errors = report.findings.filter(({ severity }) => severity === 'error').length;
  if (!composes) return `The candidate does not compose: ${counted(errors, 'error')}.`;
  if (!hasBase) return 'The candidate composes, and there is nothing yet that it could break.';
  if (errors > 0) return `Not passed: ${wrongs(report).join(', ')}.`;
  return `Passed: ${changesInWords(report)}${worseOf(report)}.`;
}

function wrongs({ changes, unexplained, plans, findings, usage }: Judged): readonly string[] {
  const breaking = changes.filter(({ severity }) => severity === 'error').length;
  const regressions = findings.some(({ code, severity }) => code === 'PLAN_REGRESSION' && severity === 'error');
  const moves = findings.filter(({ code, severity }) => code === ROUTING_URL_MOVED && severity === 'error').length;
  return [
    ...(breaking === 0
      ? []
      : usage.operations === 0
        ? [`${counted(breaking, 'breaking change')}, judged without use: no operation is known`]
        : usage.unknownUntil !== null
          ? [`${counted(breaking, 'breaking change')}, judged as if in use: there was no room to record all operations`]
          : [`${counted(breaking, 'change')} ${breaking === 1 ? 'breaks' : 'break'} operations that are in use`]),
    ...(unexplained.length === 0
      ? []
      : [`${counted(unexplained.length, 'operation')} ${unexplained.length === 1 ? 'is' : 'are'} not valid any more`]),
    ...(moves === 0 ? [] : [`${counted(moves, 'subgraph')} ${moves === 1 ? 'moves' : 'move'} to another origin`]),
    ...(regressions ? [`${counted(plans.regressions.length, 'plan')} got worse`] : []),
  ];
}

function changesInWords(report: Judged): string {
  const { changes } = report;
  if (changes.length === 0) return 'the API schema does not change';
  const isCompatible = changes.every(({ criticality }) => criticality === 'compatible');
  return `${counted(changes.length, 'change')}, ${isCompatible ? 'none of which breaks anybody' : basisOf(report)}`;
}

function basisOf({ usage }: Judged): string {
  if (usage.operations === 0) return 'judged without use: no operation is known';
  const period = usage.recorded === 0 ? '' : ` of the last ${usage.days === 1 ? 'day' : `${usage.days} days`}`;
  return `judged by ${counted(usage.operations, 'operation')}${period}`;
}

const worseOf = ({ access, plans: { regressions } }: Judged): string =>
  [
    ...(access.length === 0 ? [] : [`; ${counted(access.length, 'access requirement')} changed`]),
    ...(regressions.length === 0 ? [] : [`; ${counted(regressions.length, 'plan')} got worse`]),
  ].join('');
