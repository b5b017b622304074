import { counted } from '../findings/counted.js';
import type { Finding } from '../findings/finding.js';
import { shortName } from '../findings/short-name.js';
import { shownPlace } from '../findings/telling.js';
import type {
  AccessChange,
  Affected,
  AffectedClient,
  AffectedOperation,
  BrokenOperation,
  JudgedChange,
  PlanRegression,
  PlansCompared,
  PlanSize,
  UsageSeen,
} from './check-report.js';
import type { KnownOperation } from './known-operation.js';

const MOST_TOLD = 10;

/** A change as a finding; none where it is compatible. */
export function changeFinding(change: JudgedChange, usage: UsageSeen): readonly Finding[] {
  const { code, severity, message, subgraph, place, affected, criticality } = change;
  if (severity === null) return [];
  const places = affected.operations.flatMap((operation) => operation.place ?? []).slice(0, MOST_TOLD);
  const repair = criticality === 'breaking' ? repairOf(code) : undefined;
  return [
    {
      code,
      severity,
      message: `${message} ${useInWords(change, usage)}`,
      ...(subgraph !== null && { subgraph }),
      ...(place && { place }),
      ...(places.length > 0 && { alsoAt: places }),
      ...(affected.count > 0 && { details: [...clientLines(affected.clients), ...operationLines(affected)] }),
      ...(repair !== undefined && { repair }),
    },
  ];
}

/** Who is concerned, in one sentence. */
export function useInWords({ criticality, affected }: JudgedChange, usage: UsageSeen): string {
  if (usage.operations === 0) return "Nobody's use is known.";
  if (affected.count === 0)
    return `${noneOfKnown(usage)} ${criticality === 'breaking' ? 'uses it' : 'can notice'}${notAllKnown(usage)}.`;
  const one = affected.count === 1;
  return criticality === 'breaking'
    ? `${counted(affected.count, 'operation')} ${one ? 'breaks' : 'break'}.`
    : `${counted(affected.count, 'operation')} may notice.`;
}

/** Callers need something else than before. */
export function accessFinding(change: AccessChange, usage: UsageSeen): Finding {
  const { code, severity, message, subgraph, place, after, affected } = change;
  const places = affected.operations.flatMap((operation) => operation.place ?? []).slice(0, MOST_TOLD);
  return {
    code,
    severity,
    message: `${message} ${accessUseInWords(change, usage)}`,
    ...(subgraph !== null && { subgraph }),
    ...(place && { place }),
    ...(places.length > 0 && { alsoAt: places }),
    ...(affected.count > 0 && { details: [...clientLines(affected.clients), ...operationLines(affected)] }),
    ...(severity === 'warning' && {
      repair:
        after.length === 0
          ? 'If it is to stay closed, put back what it required.'
          : 'See that its callers have what it needs before this is served.',
    }),
  };
}

/** Who asks for it, in one sentence. */
export function accessUseInWords({ affected }: AccessChange, usage: UsageSeen): string {
  if (usage.operations === 0) return "Nobody's use is known.";
  if (affected.count === 0) return `${noneOfKnown(usage)} asks for it${notAllKnown(usage)}.`;
  return `${counted(affected.count, 'operation')} ${affected.count === 1 ? 'asks' : 'ask'} for it.`;
}

/** Plans that were not made, as time was up. */
export const leftOutFinding = ({ planned, outOfTime }: PlansCompared): Finding => ({
  code: 'PLANS_LEFT_OUT',
  severity: 'hint',
  message: `The plans of ${counted(outOfTime, 'operation')} were not compared: time was up after ${planned.toLocaleString('en')}, the most used ones first.`,
});

/** An operation that breaks, though no change names it. */
export const brokenFinding = (broken: BrokenOperation): Finding => ({
  code: 'OPERATION_BREAKS',
  severity: 'error',
  message: `${operationInWords(broken)} is not valid any more: ${broken.reasons.join(' ')}`,
  ...(broken.place && { place: broken.place }),
  details: clientLines(broken.clients),
});

/** An operation of a file that fits neither schema. */
export const fileFinding = (operation: KnownOperation, reasons: readonly string[]): Finding => ({
  code: 'OPERATION_NOT_VALID',
  severity: 'warning',
  message: `${operationInWords({ ...operation, lastSeen: null })} is valid neither before nor after: ${reasons.join(' ')}`,
  ...(operation.place && { place: operation.place }),
  repair: 'Mend the operation, or take it out of --operations.',
});

export const regressionFinding = (regression: PlanRegression, severity: 'error' | 'warning'): Finding => ({
  code: 'PLAN_REGRESSION',
  severity,
  message: `${operationInWords(regression)}: ${regressionInWords(regression)}`,
  ...(regression.place && { place: regression.place }),
  details: clientLines(regression.clients),
});

export function regressionInWords({ before, after, reason }: PlanRegression): string {
  if (!after) return `it cannot be planned any more. ${reason ?? ''}`.trim();
  return `its plan needs ${sizeInWords(after)}; before, ${sizeInWords(before)}.`;
}

const sizeInWords = ({ fetches, depth }: PlanSize): string =>
  `${counted(fetches, 'request')}${fetches > 1 ? `, ${depth} of them one after another` : ''}`;

export function operationInWords({ name, signature, place }: AffectedOperation): string {
  if (name !== null) return `Operation "${shortName(name)}"`;
  if (signature !== null) return `An operation without a name (${signature.slice(0, 8)})`;
  return place ? 'The operation without a name' : 'An operation without a name';
}

export function clientLines(clients: readonly AffectedClient[]): readonly string[] {
  return listed(clients, ({ name, version, plans, count, lastSeen }) => {
    const who =
      name === null
        ? 'a client that does not say its name'
        : [name, version ?? ''].filter(Boolean).map(shortName).join(' ');
    const plan = plans.length === 0 ? 'no plan' : `plan ${plans.map(shortName).join(', ')}`;
    return `${who} (${plan}): ${counted(count, 'request')}, last seen ${lastSeen.slice(0, 10)}`;
  });
}

/** With `root`, the places of those in files, named relative to it. */
export function operationLines({ operations, count }: Affected, root?: string): readonly string[] {
  const told = operations.slice(0, MOST_TOLD).map((operation) => {
    const { place } = operation;
    return `${operationInWords(operation)}${place && root !== undefined ? ` at ${shownPlace(place, root)}` : ''}`;
  });
  return count > told.length ? [...told, `and ${counted(count - told.length, 'more operation')}`] : told;
}

function listed<Item>(items: readonly Item[], inWords: (item: Item) => string): readonly string[] {
  const told = items.slice(0, MOST_TOLD).map(inWords);
  return items.length > told.length ? [...told, `and ${items.length - told.length} more`] : told;
}

const noneOfKnown = ({ operations, recorded, days: period }: UsageSeen): string =>
  `None of ${counted(operations, 'known operation')}${recorded > 0 ? ` of the last ${days(period)}` : ''}`;

/** Others were sent, and there was no room to record them. */
const notAllKnown = ({ unknownUntil }: UsageSeen): string =>
  unknownUntil === null
    ? ''
    : `, but not all are known: there was no room to record some that were sent until ${unknownUntil.slice(0, 10)}`;

const days = (count: number): string => (count === 1 ? 'day' : `${count} days`);

function repairOf(code: string): string | undefined {
  if (/^DIRECTIVE_(ARGUMENT_)?REMOVED|DIRECTIVE_LOCATION_REMOVED/.test(code)) return 'Keep it until nobody uses it.';
  if (code === 'TYPE_REMOVED' || code === 'UNION_MEMBER_REMOVED' || code === 'OBJECT_TYPE_INTERFACE_REMOVED')
    return 'Keep it until nobody uses it any more.';
  if (code.endsWith('_REMOVED')) return 'Keep it, mark it @deprecated, and remove it when nobody uses it any more.';
  if (code === 'FIELD_ARGUMENT_ADDED' || code === 'INPUT_FIELD_ADDED' || code === 'DIRECTIVE_ARGUMENT_ADDED')
    return 'Make it nullable, or give it a default.';
  if (code === 'TYPE_KIND_CHANGED') return 'Keep the type as it is, and add one of another name beside it.';
  if (code.endsWith('_TYPE_CHANGED')) return 'Keep it as it is, and add another of the new type beside it.';
  return undefined;
}
