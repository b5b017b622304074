import { Kind, parse, type SelectionSetNode } from 'graphql';
import type {
  ConditionNode,
  FetchNode,
  FlattenNode,
  FlattenPath,
  ParallelNode,
  PlanNode,
  PlanSelection,
  QueryPlan,
  SequenceNode,
} from '../planner/query-plan.js';

/** Plans written by hand, as a planner would emit them. */
export const planOf = (node: PlanNode): QueryPlan => ({ kind: 'QueryPlan', node });
export const sequence = (...nodes: PlanNode[]): SequenceNode => ({ kind: 'Sequence', nodes });
export const parallel = (...nodes: PlanNode[]): ParallelNode => ({ kind: 'Parallel', nodes });
export const condition = (name: string, ifClause?: PlanNode, elseClause?: PlanNode): ConditionNode => ({
  kind: 'Condition',
  condition: name,
  ...(ifClause && { ifClause }),
  ...(elseClause && { elseClause }),
});

/** `path`: with dots. */
export const flatten = (path: string, node: PlanNode): FlattenNode => ({
  kind: 'Flatten',
  path: path.split('.') as FlattenPath,
  node,
});

export const fetch = (serviceName: string, operation: string, more: Partial<FetchNode> = {}): FetchNode => ({
  kind: 'Fetch',
  serviceName,
  operationKind: operation.startsWith('mutation') ? 'mutation' : 'query',
  operation,
  ...more,
});

/** `requires` and `selection`: selection sets, as text. */
export const entityFetch = (
  serviceName: string,
  requires: string,
  selection: string,
  more: Partial<FetchNode> = {},
): FetchNode =>
  fetch(serviceName, `query($representations:[_Any!]!){_entities(representations:$representations)${selection}}`, {
    requires: selections(requires),
    ...more,
  });

export function selections(text: string): readonly PlanSelection[] {
  const [operation] = parse(text, { noLocation: true }).definitions;
  if (operation?.kind !== Kind.OPERATION_DEFINITION) throw new Error('This is no selection set.');
  return selectionsOf(operation.selectionSet);
}

const selectionsOf = (set: SelectionSetNode): readonly PlanSelection[] =>
  set.selections.map((selection): PlanSelection => {
    switch (selection.kind) {
      case Kind.FIELD:
        return {
          kind: 'Field',
          name: selection.name.value,
          ...(selection.alias && { alias: selection.alias.value }),
          ...(selection.selectionSet && { selections: selectionsOf(selection.selectionSet) }),
        };
      case Kind.INLINE_FRAGMENT:
        return {
          kind: 'InlineFragment',
          ...(selection.typeCondition && { typeCondition: selection.typeCondition.name.value }),
          selections: selectionsOf(selection.selectionSet),
        };
      default:
        throw new Error('A plan has no named fragments.');
    }
  });
