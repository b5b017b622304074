import type { GraphQLFormattedError } from 'graphql';
import type { Answer } from '../executor/answer.js';
import type { FetchMade } from '../executor/run-plan.js';
import type { AnswerSeen, OperationSeen } from '../extensions/gateway-extension.js';
import type { QueryPlan } from '../planner/query-plan.js';
import type { PlannedRequest } from './plan-operation.js';

/** An answer as extensions see it. A class: a getter costs an object of its own much more. */
export class SeenAnswer implements AnswerSeen {
  readonly operation: OperationSeen;
  readonly plan: QueryPlan;
  readonly errors: readonly GraphQLFormattedError[];
  readonly data: string | Buffer | null;
  readonly durationMs: number;
  readonly passedThrough: boolean;
  readonly #planned: PlannedRequest;
  readonly #answer: Answer;
  readonly #isFirstOfParts: boolean;
  #actualCost: number | null = null;

  constructor(
    planned: PlannedRequest,
    answer: Answer,
    readonly fetches: readonly FetchMade[],
    isFirstOfParts: boolean,
  ) {
    this.operation = planned.seen;
    this.plan = planned.plan.planned.plan;
    this.errors = answer.errors;
    this.data = answer.data;
    this.durationMs = performance.now() - planned.identifiedAt;
    this.passedThrough = answer.passedThrough;
    this.#planned = planned;
    this.#answer = answer;
    this.#isFirstOfParts = isFirstOfParts;
  }

  get actualCost(): number {
    return (this.#actualCost ??= this.#isPartial() ? this.operation.cost : this.#measure());
  }

  /** Others follow; or the client has left, and what was fetched for it is not in it. */
  #isPartial(): boolean {
    return this.#isFirstOfParts || this.#planned.end.aborted;
  }

  #measure(): number {
    const { plan, variables } = this.#planned;
    return plan.measureCost(this.#answer, variables);
  }
}
