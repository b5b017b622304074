import type { MeasureCost, MeasuresOf } from '../limits/actual-cost.js';
import type { Overrides } from '../planner/override-labels.js';
import type { ValidDocument } from '../snapshot/valid-document.js';
import type { ConditionValues } from './client-operation.js';
import { compilePlan, type CompilationTarget, type CompiledPlan, type PlannedOperation } from './compile-plan.js';

/** What a plan was made for, as far as another supergraph can make it again. */
export interface PlanOrigin {
  readonly document: ValidDocument;
  readonly operationName: string | null;
  readonly overrides: Overrides;
  readonly conditions: ConditionValues;
  /** True: what the operation defers is planned apart. */
  readonly incremental: boolean;
  /** Empty: nothing was denied. */
  readonly deniedKey: string;
}

/** A planned operation and what it was compiled to. */
export interface OperationPlan {
  readonly origin: PlanOrigin;
  readonly planned: PlannedOperation;
  readonly compiled: CompiledPlan;
  readonly measureCost: MeasureCost;
}

export const operationPlan = (
  origin: PlanOrigin,
  planned: PlannedOperation,
  target: CompilationTarget & { readonly measureOf: MeasuresOf },
): OperationPlan => {
  const compiled = compilePlan(planned, origin.conditions, target);
  return { origin, planned, compiled, measureCost: target.measureOf(compiled.client) };
};
