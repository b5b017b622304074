import { OperatorError } from '@inevitable/contract';
import type { QueryPlan } from './query-plan.js';

export interface PlanRequest {
  /** One operation and just the fragments it uses, valid on the API schema. */
  readonly document: string;
  readonly operationName: string | null;
  /** Progressive `@override`: for each label of the supergraph, whether its new side is taken. One not named here is not. */
  readonly overrides: Readonly<Record<string, boolean>>;
  /** Values of the variables that decide its `@skip` and `@include`. */
  readonly conditions: ReadonlyMap<string, boolean>;
}

export interface LoadedSupergraph {
  /** What clients may ask, printed (descriptions kept; with `@defer` in its directives). */
  readonly apiSdl: string;
  /** Every label of progressive `@override` in the supergraph, sorted. */
  readonly overrideLabels: readonly string[];
}

/** An operation's plan, and where it calls things by other names than the client does. */
export interface PlannedDocument {
  readonly plan: QueryPlan;
  /** Response names of the client's document and what the plan has in their place; those not listed are the client's. */
  readonly renamed: ReadonlyMap<string, string>;
  /** Variables of the plan by name, and what the client calls them; those not listed are the client's own. */
  readonly clientVariables: ReadonlyMap<string, string>;
}

/** Plans operations on one supergraph. */
export interface Planner {
  readonly supergraph: LoadedSupergraph;
  /** Throws `PlanningFailed`, `PlanningTimedOut` or `PlannerBusy`. */
  plan(request: PlanRequest): Promise<PlannedDocument>;
  /** Idempotent. Plans under way are rejected. */
  close(): Promise<void>;
}

/** The supergraph is not one, or uses what the planner does not know. */
export class UnusableSupergraph extends OperatorError {
  readonly code = 'INTERNAL';
  constructor(readonly reason: string) {
    super(`The supergraph cannot be loaded: ${reason}`);
  }
}

/** There is no plan for the operation, or none was made. */
export class PlanningFailed extends OperatorError {
  readonly code = 'INTERNAL';
  constructor(
    operationName: string | null,
    readonly reason: string,
  ) {
    super(`${nameOf(operationName)} was not planned: ${reason}`);
  }
}

/** The operation is too costly to plan. */
export class PlanningTimedOut extends OperatorError {
  readonly code = 'TIMEOUT';
  constructor(operationName: string | null, timeoutMs: number) {
    super(`${nameOf(operationName)} was not planned: it took longer than ${timeoutMs} ms.`);
  }
}

/** So many operations wait for their plan already that this one was not added. Says nothing about the operation. */
export class PlannerBusy extends OperatorError {
  readonly code = 'TIMEOUT';
  constructor(operationName: string | null, waiting: number) {
    super(`${nameOf(operationName)} was not planned: ${waiting} others wait for a plan.`);
  }
}

/** Of a name, which a document may give any length. */
const LONGEST_NAME = 100;

const nameOf = (operationName: string | null): string =>
  operationName === null ? 'An operation without a name' : `Operation "${operationName.slice(0, LONGEST_NAME)}"`;
