import { Kind, parse, stripIgnoredCharacters, type OperationDefinitionNode, type SelectionSetNode } from 'graphql';
import type { FetchRewrite, PlanSelection } from '../planner/query-plan.js';
import type { EntityKeys } from '../supergraph/entity-keys.js';
import { compileContextGather, type ContextGather } from './gather-context.js';
import { compileGather, type Gather, type Requirements } from './compile-gather.js';
import { compileMerge, type Merge } from './compile-merge.js';
import { bodyStart } from './entities-request.js';
import { entitySelection, type EntitySelection } from './entity-selection.js';
import type { PlanStep } from './plan-steps.js';
import type { TypeConditions } from './type-conditions.js';

/** A fetch of root fields: of the operation, or of a field that leads back to the root type. */
export interface RootStep {
  readonly kind: 'root';
  readonly step: PlanStep;
  readonly mutation: boolean;
  /** The beginning of its body, up to the values of its variables. */
  readonly start: string;
  readonly variables: readonly string[];
  readonly rewrites: readonly FetchRewrite[];
  /** Response names of its root fields. */
  readonly fields: readonly string[];
}

/** A fetch of entities for places of the answer. */
export interface EntityStep {
  readonly kind: 'entities';
  readonly step: PlanStep;
  readonly gather: Gather;
  readonly merge: Merge;
  readonly selection: EntitySelection;
  /** Of the entities that are asked for; of several, all their names: `Book | Film`. */
  readonly type: string;
  readonly rewrites: readonly FetchRewrite[];
  readonly fields: readonly string[];
}

/** A fetch of entities whose arguments are values from above them (`@fromContext`). */
export interface ContextStep extends Omit<EntityStep, 'kind' | 'gather'> {
  readonly kind: 'context';
  readonly gather: ContextGather;
}

export type CompiledStep = RootStep | EntityStep | ContextStep;

export function compileStep(step: PlanStep, types: TypeConditions, keys: EntityKeys): CompiledStep {
  const { fetch, path } = step;
  const document = stripIgnoredCharacters(fetch.operation);
  const operation = operationOf(document);
  const rewrites = fetch.outputRewrites ?? [];
  const variables = fetch.variableUsages ?? [];
  if (!fetch.requires || fetch.requires.length === 0)
    return {
      kind: 'root',
      step,
      mutation: fetch.operationKind === 'mutation',
      start: bodyStart(document),
      variables,
      rewrites,
      fields: responseNames(operation.selectionSet),
    };

  const selection = entitySelection(document, operation, rewrites);
  if (!selection) throw new Error(`A fetch of entities from "${fetch.serviceName}" does not ask for "_entities".`);
  const { selectionSet } = selection;
  const shared = {
    step,
    merge: compileMerge(selectionSet, rewrites, types),
    rewrites,
    fields: responseNames(selectionSet),
    type: typesIn(fetch.requires).join(' | '),
    selection,
  };
  const requirements: Requirements = {
    requires: fetch.requires,
    rewrites: fetch.inputRewrites ?? [],
    keysOf: (type) => keys(fetch.serviceName, type),
    unless: step.insteadOf && {
      requires: step.insteadOf.requires ?? [],
      rewrites: step.insteadOf.inputRewrites ?? [],
    },
  };
  return fetch.contextRewrites && fetch.contextRewrites.length > 0
    ? {
        ...shared,
        kind: 'context',
        gather: compileContextGather(path, requirements, fetch.contextRewrites, types),
      }
    : { ...shared, kind: 'entities', gather: compileGather(path, requirements, types) };
}

function operationOf(text: string): OperationDefinitionNode {
  const [definition, more] = parse(text, { noLocation: true }).definitions;
  if (definition?.kind !== Kind.OPERATION_DEFINITION || more)
    throw new Error('A fetch of a plan is one operation without fragments.');
  return definition;
}

const typesIn = (requires: readonly PlanSelection[]): string[] => [
  ...new Set(
    requires.flatMap((one) => (one.kind === 'InlineFragment' && one.typeCondition ? [one.typeCondition] : [])),
  ),
];

function responseNames({ selections }: SelectionSetNode): string[] {
  const names = selections.flatMap((selection) => {
    if (selection.kind === Kind.INLINE_FRAGMENT) return responseNames(selection.selectionSet);
    return selection.kind === Kind.FIELD && selection.name.value !== '__typename'
      ? [selection.alias?.value ?? selection.name.value]
      : [];
  });
  return [...new Set(names)];
}
