import Table from 'cli-table3';
import picocolors from 'picocolors';
import { counted } from '../findings/counted.js';
import { findingsAsText } from '../findings/findings-as-text.js';
import { inColumn } from '../findings/in-column.js';
import { shownPlace, withoutControls, type Telling } from '../findings/telling.js';
import type {
  AccessChange,
  AffectedOperation,
  BrokenOperation,
  CheckReport,
  JudgedChange,
  PlanRegression,
} from './check-report.js';
import {
  accessUseInWords,
  clientLines,
  operationInWords,
  operationLines,
  regressionInWords,
  useInWords,
} from './findings-of-check.js';

/** For a terminal: what the composer says, tables of changes, of plans that got worse, and the verdict as the last line. */
export async function reportAsText(report: CheckReport, telling: Telling): Promise<string> {
  const { bold, dim, green, red } = picocolors.createColors(telling.colours);
  const { changes, unexplained, access, plans, passed, verdict, findings } = report;
  const ofSeverity = (severity: JudgedChange['severity']) => changes.filter((change) => change.severity === severity);
  const untold = findings.filter(({ code }) => !isInATable(code, report));
  const parts = [
    await findingsAsText(untold, telling),
    ...GROUPS.flatMap(({ severity, title }) => changeTable(title, ofSeverity(severity), report, telling)),
    brokenTable(unexplained, telling),
    accessTable(access, report, telling),
    regressionTable(plans.regressions, telling),
    compatible(ofSeverity(null)),
    dim(basisOf(report)),
    (passed ? green : red)(bold(verdict)),
  ];
  return `${parts.filter((part) => part !== '').join('\n')}\n`;
}

function brokenTable(broken: readonly BrokenOperation[], { root }: Telling): string {
  if (broken.length === 0) return '';
  return tableOf(
    `Operations that are not valid any more (${broken.length})`,
    ['operation', 'why', 'who'],
    broken.map((one) => [operationAndPlace(one, root), one.reasons.join('\n'), clientLines(one.clients).join('\n')]),
  );
}

const GROUPS = [
  { severity: 'error', title: 'Changes that break somebody' },
  { severity: 'warning', title: 'Changes to look at' },
  { severity: 'hint', title: 'Changes nobody notices, as far as is known' },
] as const;

const TABLED: ReadonlySet<string> = new Set([
  'OPERATION_BREAKS',
  'ACCESS_REQUIREMENT_ADDED',
  'ACCESS_REQUIREMENT_CHANGED',
  'ACCESS_REQUIREMENT_REMOVED',
  'PLAN_REGRESSION',
  'PLANS_LEFT_OUT', // told beside what was compared
]);

const isInATable = (code: string, { changes }: CheckReport): boolean =>
  TABLED.has(code) || changes.some((change) => change.code === code && change.severity !== null);

function changeTable(
  title: string,
  changes: readonly JudgedChange[],
  report: CheckReport,
  { root }: Telling,
): readonly string[] {
  if (changes.length === 0) return [];
  const rows = changes.map((change) => [
    messageAndPlace(change, root),
    [
      useInWords(change, report.usage),
      ...clientLines(change.affected.clients),
      ...operationLines(change.affected, root),
    ].join('\n'),
  ]);
  return [tableOf(`${title} (${changes.length})`, ['change', 'who'], rows)];
}

function accessTable(access: readonly AccessChange[], report: CheckReport, { root }: Telling): string {
  if (access.length === 0) return '';
  return tableOf(
    `Who may see what (${access.length})`,
    ['change', 'who'],
    access.map((change) => [
      messageAndPlace(change, root),
      [
        accessUseInWords(change, report.usage),
        ...clientLines(change.affected.clients),
        ...operationLines(change.affected, root),
      ].join('\n'),
    ]),
  );
}

const messageAndPlace = ({ message, place }: Pick<JudgedChange, 'message' | 'place'>, root: string): string =>
  place ? `${message}\n${shownPlace(place, root)}` : message;

function regressionTable(regressions: readonly PlanRegression[], { root }: Telling): string {
  if (regressions.length === 0) return '';
  return tableOf(
    `Plans that got worse (${regressions.length})`,
    ['operation', 'requests', 'in a row', 'who'],
    regressions.map((one) => [
      operationAndPlace(one, root) + (one.after ? '' : `\n${regressionInWords(one)}`),
      `${one.before.fetches} → ${one.after?.fetches ?? '-'}`,
      `${one.before.depth} → ${one.after?.depth ?? '-'}`,
      clientLines(one.clients).join('\n'),
    ]),
  );
}

function compatible(changes: readonly JudgedChange[]): string {
  if (changes.length === 0) return '';
  const lines = changes.map(({ message }) => `  ${withoutControls(message).replaceAll('\n', ' ')}`);
  return `${counted(changes.length, 'compatible change')}:\n${lines.join('\n')}\n`;
}

function basisOf({ usage, plans }: CheckReport): string {
  const sources = [
    ...(usage.recorded > 0
      ? [`${counted(usage.recorded, 'recorded operation')} of the last ${counted(usage.days, 'day')}`]
      : []),
    ...(usage.fromFiles > 0 ? [`${counted(usage.fromFiles, 'operation')} of files`] : []),
  ];
  const lines = [
    `Judged by ${sources.join(' and ') || 'no operations: none was recorded or given'}.`,
    ...(usage.since === null ? [] : [`Recorded since ${usage.since.slice(0, 10)}.`]),
    ...(usage.leftOut > 0 ? [`${counted(usage.leftOut, 'operation')} left out: not valid before either.`] : []),
    ...(plans.compared
      ? [
          plans.planned + plans.outOfTime === 0
            ? 'No operation needed a new plan.'
            : `Plans of ${counted(plans.planned, 'operation')} compared.`,
          ...(plans.outOfTime > 0 ? [`${counted(plans.outOfTime, 'rarer one')} left out: time was up.`] : []),
        ]
      : []),
  ];
  return lines.join(' ');
}

function operationAndPlace(operation: AffectedOperation, root: string): string {
  const place = operation.place ? `\n${shownPlace(operation.place, root)}` : '';
  return `${operationInWords(operation)}${place}`;
}

function tableOf(title: string, head: readonly string[], rows: readonly (readonly string[])[]): string {
  const table = new Table({ head: [...head], style: { head: [], border: [], compact: false } });
  for (const row of rows) table.push(row.map(inColumn));
  return `${title}\n${table.toString()}\n`;
}
