import type { ExecutionResult } from 'graphql';
import type { Logger } from 'pino';
import type { Answer } from '../executor/answer.js';
import { runPlan, type FetchMade } from '../executor/run-plan.js';
import { writeAnswer } from '../executor/write-answer.js';
import type { GatheredExtensions } from '../extensions/gather-extensions.js';
import { NO_HEADERS, type HeaderList } from '../graphql-over-http/header-list.js';
import type { Snapshot } from '../snapshot/snapshot.js';
import { IncrementStream } from '../streaming/stream-increments.js';
import { SeenAnswer } from './seen-answer.js';
import type { PlannedRequest } from './plan-operation.js';
import type { IncrementalSpec } from './receive.js';

export interface ExecutedOperation {
  readonly answer: Answer;
  /** What extensions add to the response. */
  readonly headers: HeaderList;
  /** The answer and what follows it; null: the answer is all. */
  readonly increments: IncrementStream | null;
}

export interface ExecutionParts {
  readonly snapshot: Snapshot;
  readonly extensions: GatheredExtensions;
  readonly log: Logger;
}

/**
 * Runs the operation as its caller. Fields that failed are errors in the answer, not exceptions. `event`: of a
 * subscription, what its first fetch brought this time.
 */
export async function executePlan(
  planned: PlannedRequest,
  parts: ExecutionParts,
  event: ExecutionResult | null = null,
): Promise<ExecutedOperation> {
  const { plan, variables, context, incremental, end, observed } = planned;
  const record = event === null ? planned.record : null; // a subscription may have any number of events
  const { snapshot, extensions, log } = parts;
  const { onAnswer, onSubgraphFetch } = extensions;
  const { compiled } = plan;
  const fetches: FetchMade[] = record?.fetches ?? [];
  record?.fetching();
  const increments = incremental && compiled.deferred.length > 0 ? incrementsOf(planned, incremental, snapshot) : null;
  const fetched = await runPlan(compiled, variables, context, {
    end: increments?.end ?? end,
    transports: snapshot.transports,
    types: snapshot.types,
    log,
    trace: record?.trace.isRecorded ? record.trace : null,
    event,
    onPart: increments ? (part, found) => increments.arrived(part, found) : undefined,
    onFetch: observed || record ? (fetch) => void fetches.push(fetch) : undefined,
    headersFor: onSubgraphFetch && ((subgraph) => onSubgraphFetch({ context, subgraph })),
  });
  const answer = writeAnswer(compiled, fetched, variables);
  const added = onAnswer?.(new SeenAnswer(planned, answer, fetches, increments !== null));
  const whole = added && added.extensions.length > 0 ? { ...answer, extensions: added.extensions } : answer;
  increments?.begin(fetched, whole);
  return { answer: whole, headers: added?.headers ?? NO_HEADERS, increments };
}

const incrementsOf = (
  { plan, variables, end }: PlannedRequest,
  incremental: IncrementalSpec,
  { types }: Snapshot,
): IncrementStream => new IncrementStream(plan.compiled, types, variables, incremental, end);
