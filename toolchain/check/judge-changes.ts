import { diff, type Change } from '@graphql-inspector/core';
import type { GraphQLSchema } from 'graphql';
import type { Severity } from '../findings/finding.js';
import { affectedBy, affectedOperation, byFrequency, clientsOf } from './affected.js';
import { effectOf, type ChangeEffect } from './change-effect.js';
import { changedTypes } from './changed-types.js';
import type { BrokenOperation, JudgedChange } from './check-report.js';
import { definedAt, type PlacesOfSides } from './defined-at.js';
import type { KnownOperation } from './known-operation.js';
import { inTurns, type OperationIndex } from './operation-index.js';

export interface JudgedChanges {
  /** Errors first, then as the inspector lists them. */
  readonly changes: readonly JudgedChange[];
  readonly unexplained: readonly BrokenOperation[];
  /** Affected, and not valid on the base either: nobody's change breaks them. */
  readonly brokenBefore: readonly KnownOperation[];
}

export interface ApiSchemas {
  readonly base: GraphQLSchema;
  readonly candidate: GraphQLSchema;
}

/** Why an operation is not valid on a schema; empty: it is. */
export type Validity = (operation: KnownOperation) => readonly string[];

/**
 * Compares the schemas clients see and judges each change by the operations that use what it changes. What the judgement
 * misses validation finds: every operation that uses a changed type is validated on the candidate.
 */
export async function judgeChanges(
  { base, candidate }: ApiSchemas,
  index: OperationIndex,
  { onBase, onCandidate }: { readonly onBase: Validity; readonly onCandidate: Validity },
  places: PlacesOfSides,
  progress: (done: number, total: number) => void = () => undefined,
): Promise<JudgedChanges> {
  const brokenBefore = new Set<KnownOperation>();
  const wasValid = (operation: KnownOperation): boolean => {
    const valid = onBase(operation).length === 0;
    if (!valid) brokenBefore.add(operation);
    return valid;
  };
  const invalid = new Set<KnownOperation>();
  await inTurns(index.using(changedTypes(base, candidate)), progress, (operation) => {
    if (onCandidate(operation).length > 0 && wasValid(operation)) invalid.add(operation);
  });
  const explained = new Set<KnownOperation>();
  const isUsageKnown = index.isUsageKnown;

  const changes = withoutEchoes(await diff(base, candidate)).map((change) => {
    const effect = effectOf(change, base, candidate);
    const broken = new Set([
      ...index.using(effect.breaks).filter(wasValid),
      ...index.using(effect.mayInvalidate).filter((operation) => invalid.has(operation)),
    ]);
    for (const operation of broken) explained.add(operation);
    // What the inspector calls safe broke somebody all the same.
    const criticality = broken.size > 0 ? 'breaking' : effect.criticality;
    const affected =
      criticality === 'breaking'
        ? [...broken]
        : index.using(effect.noticedBy).filter((operation) => wasValid(operation));
    return {
      code: change.type as string,
      coordinate: coordinateOf(change),
      criticality,
      severity: severityOf(criticality, affected.length > 0, isUsageKnown),
      message: sentence(change.message),
      ...definedAt(coordinateOf(change), places),
      affected: affectedBy(affected),
    };
  });

  return {
    changes: changes.toSorted((left, right) => rank(left.severity) - rank(right.severity)),
    unexplained: [...invalid]
      .filter((operation) => !explained.has(operation))
      .sort(byFrequency)
      .map((operation) => ({
        ...affectedOperation(operation),
        clients: clientsOf([operation]),
        reasons: onCandidate(operation),
      })),
    brokenBefore: [...brokenBefore],
  };
}

function severityOf(criticality: ChangeEffect['criticality'], isUsed: boolean, isUsageKnown: boolean): Severity | null {
  switch (criticality) {
    case 'breaking':
      return isUsed || !isUsageKnown ? 'error' : 'warning';
    case 'dangerous':
      return isUsed ? 'warning' : 'hint';
    case 'compatible':
      return null;
  }
}

const ORDER: readonly (Severity | null)[] = ['error', 'warning', 'hint', null];
const rank = (severity: Severity | null): number => ORDER.indexOf(severity);

/** `Type.field.argument`, or null: a change of the schema's own roots. A directive on a definition is left out of it. */
const coordinateOf = ({ path }: Change): string | null => path?.replace(/\.@[^.]*(\..*)?$/, '') ?? null;

const sentence = (text: string): string => (/[.!?]$/.test(text) ? text : `${text}.`);

/** Without what only repeats another change: the members of a new type, the arguments of a new field, @deprecated itself. */
function withoutEchoes(changes: readonly Change[]): readonly Change[] {
  const added = new Set(
    changes.flatMap(({ type, path }) => ((type === 'TYPE_ADDED' || type === 'FIELD_ADDED') && path ? [path] : [])),
  );
  return changes.filter(({ type, path, meta }) => {
    if (DEPRECATION_ECHOES.has(type) && JSON.stringify(meta).includes('"deprecated"')) return false;
    const isAddition = type === 'TYPE_ADDED' || type === 'FIELD_ADDED';
    const parts = (path ?? '').split('.');
    const above = parts.map((_part, at) => parts.slice(0, at + 1).join('.')).slice(0, isAddition ? -1 : undefined);
    return !above.some((parent) => added.has(parent));
  });
}

/** The inspector tells of a deprecation in words of its own (`FIELD_DEPRECATION_ADDED`), and as a directive. */
const DEPRECATION_ECHOES: ReadonlySet<string> = new Set([
  'DIRECTIVE_USAGE_FIELD_DEFINITION_ADDED',
  'DIRECTIVE_USAGE_FIELD_DEFINITION_REMOVED',
  'DIRECTIVE_USAGE_ENUM_VALUE_ADDED',
  'DIRECTIVE_USAGE_ENUM_VALUE_REMOVED',
  'DIRECTIVE_USAGE_ARGUMENT_ADDED',
  'DIRECTIVE_USAGE_ARGUMENT_REMOVED',
]);
