import Table from 'cli-table3';
import picocolors from 'picocolors';
import { findingsAsText } from '../findings/findings-as-text.js';
import { shownPlace, withoutControls, type Telling } from '../findings/telling.js';
import type { AffectedOperation, BrokenOperation, CheckReport, JudgedChange, PlanRegression } from './check-report.js';
import {
  clientLines,
  counted,
  operationInWords,
  operationLines,
  regressionInWords,
  useInWords,
} from './findings-of-check.js';

/** Wide enough for a sentence in two lines, narrow enough for two such columns on a screen. */
const COLUMN = 56;

/** For a terminal: what the composer says, tables of changes, of plans that got worse, and the verdict as the last line. */
export async function reportAsText(report: CheckReport, telling: Telling): Promise<string> {
  const { bold, dim, green, red } = picocolors.createColors(telling.colours);
  const { changes, unexplained, plans, passed, verdict, findings } = report;
  const ofSeverity = (severity: JudgedChange['severity']) => changes.filter((change) => change.severity === severity);
  const untold = findings.filter(({ code }) => !isInATable(code, report));
  const parts = [
    await findingsAsText(untold, telling),
    ...GROUPS.flatMap(({ severity, title }) => changeTable(title, ofSeverity(severity), report, telling)),
    brokenTable(unexplained, telling),
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

const TABLED: ReadonlySet<string> = new Set(['OPERATION_BREAKS', 'PLAN_REGRESSION']);

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
    change.place ? `${change.message}\n${shownPlace(change.place, root)}` : change.message,
    [
      useInWords(change, report.usage),
      ...clientLines(change.affected.clients),
      ...operationLines(change.affected, root),
    ].join('\n'),
  ]);
  return [tableOf(`${title} (${changes.length})`, ['change', 'who'], rows)];
}

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
          `Plans of ${counted(plans.planned, 'operation')} compared.`,
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
  for (const row of rows) table.push(row.map(wrapped));
  return `${title}\n${table.toString()}\n`;
}

/** Broken at spaces only: a coordinate or a path can be selected as a whole. */
const wrapped = (text: string): string =>
  withoutControls(text)
    .split('\n')
    .map((line) =>
      line
        .split(' ')
        .reduce<string[]>((lines, word) => {
          const last = lines.at(-1);
          if (last !== undefined && last.length + 1 + word.length <= COLUMN)
            lines[lines.length - 1] = `${last} ${word}`;
          else lines.push(word);
          return lines;
        }, [])
        .join('\n'),
    )
    .join('\n');
