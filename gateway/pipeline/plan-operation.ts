import type { DocumentNode, FieldNode } from 'graphql';
import { conditionValues } from '../executor/client-operation.js';
import { expandDeferred } from '../executor/defer/expand-deferred.js';
import { operationPlan, type OperationPlan, type PlanOrigin } from '../executor/operation-plan.js';
import type { GatheredExtensions } from '../extensions/gather-extensions.js';
import { decideOverrides, overridesKey } from '../planner/override-labels.js';
import { PlanningFailed } from '../planner/planner.js';
import { textToPlan } from '../planner/text-to-plan.js';
import { undeferred } from '../planner/undeferred.js';
import type { Snapshot } from '../snapshot/snapshot.js';
import type { DocumentOperation } from '../snapshot/valid-document.js';
import type { PlannedOperation } from '../executor/compile-plan.js';
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
  const incremental = authorized.incremental !== null;
  const origin = { document, operationName: operation.name, overrides, conditions, incremental, deniedKey };
  const plan = snapshot.plans.get(planKey(origin), () => planFor(origin, authorized, snapshot));
  authorized.record?.planning(!(plan instanceof Promise));
  return plan instanceof Promise
    ? plan.then((known) => Object.assign(authorized, { plan: known }))
    : Object.assign(authorized, { plan });
}

/** Has the plan ready before a request asks for it: what another snapshot planned, on this one. Throws as `planOperation`. */
export async function planAhead(
  { document, operationName, overrides, conditions, incremental }: PlanOrigin,
  snapshot: Snapshot,
): Promise<void> {
  const operation = operationOf(document, operationName, snapshot);
  const origin = { document, operationName, overrides, conditions, incremental, deniedKey: '' };
  await snapshot.plans.prepare(planKey(origin), () =>
    planFor(origin, { operation, fetched: document.document, isDenied: null }, snapshot),
  );
}

/** The snapshot is not in it: each has a cache of its own. */
const planKey = (origin: PlanOrigin): string => {
  const { document, operationName, overrides, conditions, incremental, deniedKey } = origin;
  const decided = conditions.size === 0 ? '' : [...conditions.values()].map(Number).join('');
  return `${document.hash}|${operationName ?? ''}|${overridesKey(overrides)}|${decided}|${incremental ? 'parts' : ''}|${deniedKey}`;
};

type Planned = Pick<AuthorizedOperation, 'operation' | 'fetched' | 'isDenied'>;

async function planFor(origin: PlanOrigin, operation: Planned, snapshot: Snapshot): Promise<OperationPlan> {
  if (!origin.incremental) return planWhole(origin, operation, snapshot);
  try {
    const inParts = await planInParts(origin, operation, snapshot);
    if (inParts) return inParts;
  } catch (error) {
    // Apollo's planner does not find its way to everything that can be deferred.
    if (!(error instanceof PlanningFailed)) throw error;
  }
  return planWhole(origin, operation, snapshot); // nobody has to be answered in parts
}

async function planWhole(origin: PlanOrigin, { operation, fetched, isDenied }: Planned, snapshot: Snapshot) {
  const planned = await planDocument(origin, operation, operation.defers ? undeferred(fetched) : fetched, snapshot);
  return operationPlan(origin, { ...planned, document: origin.document.document, isDenied }, snapshot);
}

/** Null: there is too much of what is deferred. */
async function planInParts(origin: PlanOrigin, { operation, fetched, isDenied }: Planned, snapshot: Snapshot) {
  const { document } = origin.document;
  const client = expandDeferred(document, origin.conditions);
  const expanded = fetched === document ? client : expandDeferred(fetched, origin.conditions);
  if (!client || !expanded) return null;
  const planned = await planDocument(origin, operation, expanded.document, snapshot);
  return operationPlan(
    origin,
    {
      ...planned,
      document: client.document,
      clientLabels: client.clientLabels,
      isDenied: isDenied && ((field: FieldNode) => isDenied(client.originalOf(field))),
    },
    snapshot,
  );
}

async function planDocument(
  { document, operationName, overrides, conditions }: PlanOrigin,
  { definition }: DocumentOperation,
  fetched: DocumentNode,
  { planner }: Snapshot,
): Promise<Omit<PlannedOperation, 'document' | 'isDenied'>> {
  const { plan, renamed, clientVariables } = await planner.plan({
    document: textToPlan(document, definition, fetched),
    operationName,
    overrides,
    conditions,
  });
  return {
    operationName,
    plan,
    clientVariables,
    plannedName: ({ alias, name }: FieldNode) => {
      const { value } = alias ?? name;
      return renamed.get(value) ?? value;
    },
  };
}
