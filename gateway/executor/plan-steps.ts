import { assertNever } from '@inevitable/contract';
import type { FetchNode, PlanNode, QueryPlan } from '../planner/query-plan.js';
import type { ConditionValues } from './client-operation.js';

/** One fetch of a plan, where its answer goes, and what has to be there first. */
export interface PlanStep {
  readonly index: number;
  readonly fetch: FetchNode;
  /** From the answer's root; `@` is every item of a list. */
  readonly path: readonly (string | number)[];
  /** Indexes of the steps this one needs. */
  readonly after: readonly number[];
  /** Only for objects that this other fetch cannot ask for; see `bareFetch`. Null: for all. */
  readonly insteadOf: FetchNode | null;
  /** The longest way here, in steps: fetches of one level are ready at about the same time. */
  readonly level: number;
}

/**
 * A plan as a list: each step after those it needs. The planner's tree says the same with `Sequence` and `Parallel`; a
 * list can also be asked which fetches of different branches wait for the same moment. Conditions are decided here.
 */
export function planSteps(
  { node }: QueryPlan,
  conditions: ConditionValues,
  bare: (fetch: FetchNode) => FetchNode | null = () => null,
): readonly PlanStep[] {
  const steps: PlanStep[] = [];

  /** Adds the node's steps; answers those that must be done for the node to be done. */
  function add(node: PlanNode, path: readonly (string | number)[], after: readonly number[]): readonly number[] {
    switch (node.kind) {
      case 'Fetch': {
        const level = after.reduce((deepest, one) => Math.max(deepest, steps[one]!.level + 1), 0);
        const push = (fetch: FetchNode, insteadOf: FetchNode | null): number =>
          steps.push({ index: steps.length, fetch, path, after, level, insteadOf }) - 1;
        const rest = bare(node);
        return rest ? [push(node, null), push(rest, node)] : [push(node, null)];
      }
      case 'Flatten':
        return add(node.node, [...path, ...node.path], after);
      case 'Sequence':
        return node.nodes.reduce((before, next) => add(next, path, before), after);
      case 'Parallel':
        return [...new Set(node.nodes.flatMap((child) => add(child, path, after)))];
      case 'Condition': {
        const chosen = conditions.get(node.condition) === true ? node.ifClause : node.elseClause;
        return chosen ? add(chosen, path, after) : after;
      }
      case 'Defer':
        throw new Error('A plan with @defer was made for an operation that is answered at once.');
      default:
        return assertNever(node);
    }
  }

  if (node?.kind === 'Subscription') throw new Error('A subscription has no single answer.');
  if (node) add(node, [], []);
  return steps;
}
