import type { Logger } from 'pino';
import type { Answer } from '../executor/answer.js';
import { runPlan, type FetchMade } from '../executor/run-plan.js';
import { writeAnswer } from '../executor/write-answer.js';
import type { GatheredExtensions } from '../extensions/gather-extensions.js';
import type { Snapshot } from '../snapshot/snapshot.js';
import type { PlannedRequest } from './plan-operation.js';

export interface ExecutedOperation {
  readonly answer: Answer;
  /** What extensions add to the response. */
  readonly headers: Readonly<Record<string, string>>;
}

export interface ExecutionParts {
  readonly snapshot: Snapshot;
  readonly extensions: GatheredExtensions;
  readonly log: Logger;
}

/** Runs the operation as its caller. Fields that failed are errors in the answer, not exceptions. */
export async function executePlan(planned: PlannedRequest, parts: ExecutionParts): Promise<ExecutedOperation> {
  const { plan, variables, context, end, observed, seen, identifiedAt } = planned;
  const { snapshot, extensions, log } = parts;
  const { onAnswer, onSubgraphFetch } = extensions;
  const { compiled } = plan;
  const fetches: FetchMade[] = [];
  const fetched = await runPlan(compiled, variables, context, {
    end,
    transports: snapshot.transports,
    types: snapshot.types,
    log,
    onFetch: observed ? (fetch) => void fetches.push(fetch) : undefined,
    headersFor: onSubgraphFetch && ((subgraph) => onSubgraphFetch({ context, subgraph })),
  });
  const answer = writeAnswer(compiled, fetched, variables);
  const added = onAnswer?.({
    operation: seen,
    plan: plan.planned.plan,
    errors: answer.errors,
    durationMs: performance.now() - identifiedAt,
    fetches,
    passedThrough: answer.passedThrough,
  });
  if (!added) return { answer, headers: NO_HEADERS };
  return { answer: { ...answer, extensions: added.extensions ?? null }, headers: added.headers ?? NO_HEADERS };
}

const NO_HEADERS = Object.freeze({});
