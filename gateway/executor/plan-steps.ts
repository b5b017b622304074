import { assertNever } from '@inevitable/contract';
import type { DeferredNode, FetchNode, PlanNode, QueryPlan } from '../planner/query-plan.js';
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
  /** 0: of the first answer. Else the deferred part it is for, counted from 1. */
  readonly part: number;
}

/** A deferred part of a plan (`@defer`). */
export interface PlannedPart {
  readonly label: string;
  /** The part that holds it; 0 is the first answer. */
  readonly within: number;
  /** Indexes of the steps that bring it. */
  readonly needs: readonly number[];
}

export interface PlanSteps {
  readonly steps: readonly PlanStep[];
  /** Number n is at n - 1, and after the one it is within. */
  readonly parts: readonly PlannedPart[];
}

/**
 * A plan as a list: each step after those it needs. The planner's tree says the same with `Sequence` and `Parallel`; a
 * list can also be asked which fetches of different branches wait for the same moment. Conditions are decided here.
 */
export function planSteps(
  { node }: QueryPlan,
  conditions: ConditionValues,
  bare: (fetch: FetchNode) => FetchNode | null = () => null,
): PlanSteps {
  const steps: PlanStep[] = [];
  const parts: PlannedPart[] = [];
  const byId = new Map<string, readonly number[]>();
  let part = 0;

  /** Adds the node's steps; answers those that must be done for the node to be done. */
  function add(node: PlanNode, path: readonly (string | number)[], after: readonly number[]): readonly number[] {
    switch (node.kind) {
      case 'Fetch': {
        const level = after.reduce((deepest, one) => Math.max(deepest, steps[one]!.level + 1), 0);
        const push = (fetch: FetchNode, insteadOf: FetchNode | null): number =>
          steps.push({ index: steps.length, fetch, path, after, level, insteadOf, part }) - 1;
        const rest = bare(node);
        const pushed = rest ? [push(node, null), push(rest, node)] : [push(node, null)];
        // A mutation's fields are planned one by one, and ids begin anew with each: whoever names one may mean any of them.
        if (node.id !== undefined) byId.set(node.id, [...(byId.get(node.id) ?? []), ...pushed]);
        return pushed;
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
      case 'Defer': {
        const { primary, deferred } = node;
        const done = primary.node ? add(primary.node, path, after) : after;
        for (const one of deferred) addPart(one, after);
        return done;
      }
      default:
        return assertNever(node);
    }
  }

  /** The planner may list a part once for each type that its fragment can be below: it stays one part. */
  function addPart({ label = '', depends, node: own }: DeferredNode, after: readonly number[]): void {
    const within = part;
    const known = parts.findIndex((one) => one.label === label);
    const at = known < 0 ? parts.length : known;
    const before = [...new Set([...after, ...depends.flatMap(({ id }) => byId.get(id) ?? [])])];
    parts[at] ??= { label, within, needs: [] };
    part = at + 1;
    const brought = own ? add(own, [], before) : before;
    part = within;
    parts[at] = { ...parts[at], needs: [...new Set([...parts[at].needs, ...brought])] };
  }

  if (node?.kind === 'Subscription') {
    const first = add(node.primary, [], []);
    if (node.rest) add(node.rest, [], first);
  } else if (node) add(node, [], []);
  return { steps, parts };
}
