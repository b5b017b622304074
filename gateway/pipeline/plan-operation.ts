import { print, separateOperations, visit, type DocumentNode, type FieldNode } from 'graphql';
import { conditionValues } from '../executor/client-operation.js';
import { operationPlan, type OperationPlan, type PlanOrigin } from '../executor/operation-plan.js';
import type { GatheredExtensions } from '../extensions/gather-extensions.js';
import { decideOverrides, overridesKey } from '../planner/override-labels.js';
import type { Snapshot } from '../snapshot/snapshot.js';
import type { AuthorizedOperation } from './authorize-operation.js';
import { operationOf } from './identify-operation.js';

/** An operation and how it will be answered. */
export interface PlannedRequest extends AuthorizedOperation {
  readonly plan: OperationPlan;
}

/** Does not wait where the plan is known. Throws `PlanningFailed` or `PlanningTimedOut`. */
export function planOperation(
  authorized: AuthorizedOperation,
  snapshot: Snapshot,
  { decideOverride }: GatheredExtensions,
): PlannedRequest | Promise<PlannedRequest> {
  const { document, operation, variables, context, deniedKey } = authorized;
  const overrides = decideOverrides(snapshot.planner.supergraph.overrideLabels, context, decideOverride);
  const conditions = conditionValues(operation.conditions, variables);
  const origin = { document, operationName: operation.name, overrides, conditions, deniedKey };
  const plan = snapshot.plans.get(planKey(origin), () => planFor(origin, authorized, snapshot));
  return plan instanceof Promise
    ? plan.then((known) => Object.assign(authorized, { plan: known }))
    : Object.assign(authorized, { plan });
}

/** Has the plan ready before a request asks for it: what another snapshot planned, on this one. Throws as `planOperation`. */
export async function planAhead(
  { document, operationName, overrides, conditions }: PlanOrigin,
  snapshot: Snapshot,
): Promise<void> {
  const operation = operationOf(document, operationName, snapshot);
  const origin = { document, operationName, overrides, conditions, deniedKey: '' };
  await snapshot.plans.get(planKey(origin), () =>
    planFor(origin, { operation, fetched: document.document, isDenied: null }, snapshot),
  );
}

/** The snapshot is not in it: each has a cache of its own. */
const planKey = ({ document, operationName, overrides, conditions, deniedKey }: PlanOrigin): string => {
  const decided = conditions.size === 0 ? '' : [...conditions.values()].map(Number).join('');
  return `${document.hash}|${operationName ?? ''}|${overridesKey(overrides)}|${decided}|${deniedKey}`;
};

async function planFor(
  origin: PlanOrigin,
  { operation, fetched, isDenied }: Pick<AuthorizedOperation, 'operation' | 'fetched' | 'isDenied'>,
  snapshot: Snapshot,
): Promise<OperationPlan> {
  const { document, operationName, overrides, conditions } = origin;
  const { plan, renamed, clientVariables } = await snapshot.planner.plan({
    document: print(undeferred(separateOperations(fetched)[operation.definition.name?.value ?? ''] ?? fetched)),
    operationName,
    overrides,
    conditions,
  });
  const planned = {
    document: document.document,
    operationName,
    plan,
    clientVariables,
    plannedName: ({ alias, name }: FieldNode) => {
      const { value } = alias ?? name;
      return renamed.get(value) ?? value;
    },
    isDenied,
  };
  return operationPlan(origin, planned, snapshot);
}

/** An answer that is written at once needs a plan without deferred parts; a server may always answer like that. */
const undeferred = (document: DocumentNode): DocumentNode =>
  visit(document, { Directive: ({ name }) => (name.value === 'defer' ? null : undefined) });
