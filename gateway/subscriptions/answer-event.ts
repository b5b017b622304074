import type { EventExtensions } from '@inevitable/contract';
import type { ExecutionResult } from 'graphql';
import { answerText } from '../executor/answer.js';
import { withPairs } from '../graphql-over-http/pairs.js';
import type { CompiledPlan } from '../executor/compile-plan.js';
import { executePlan, type ExecutionParts } from '../pipeline/execute-plan.js';
import type { PlannedRequest } from '../pipeline/plan-operation.js';
import { StreamPayload } from '../streaming/client-stream.js';
import { extensionsOf } from '../transports/extensions-of.js';
import { identityKey } from '../transports/identity-key.js';

type Answers = Map<CompiledPlan, Map<string, Promise<StreamPayload>>>;

/**
 * Answers the events of subscriptions: the rest of the plan runs for each. Where many listen to one upstream, all get the
 * same object for an event; those of them who ask the same as the same caller get the same answer, made once.
 */
export class EventAnswers {
  readonly #known = new WeakMap<ExecutionResult, Answers>();

  answer(event: ExecutionResult, planned: PlannedRequest, parts: ExecutionParts): Promise<StreamPayload> {
    // Extensions look at each answer, and each fetch, by itself.
    const { onAnswer, onSubgraphFetch } = parts.extensions;
    if (onAnswer !== null || onSubgraphFetch !== null) return answerEvent(event, planned, parts);
    let answers = this.#known.get(event);
    if (!answers) this.#known.set(event, (answers = new Map()));
    let ofPlan = answers.get(planned.plan.compiled);
    if (!ofPlan) answers.set(planned.plan.compiled, (ofPlan = new Map()));
    const key = `${identityKey(planned.context)}\n${JSON.stringify(planned.variables)}`;
    let answer = ofPlan.get(key);
    if (!answer) ofPlan.set(key, (answer = answerEvent(event, planned, parts)));
    return answer;
  }
}

async function answerEvent(
  event: ExecutionResult,
  planned: PlannedRequest,
  parts: ExecutionParts,
): Promise<StreamPayload> {
  const { answer } = await executePlan(planned, parts, event);
  const { eventId, eventsMissed } = extensionsOf(event);
  const ofEvent = [
    ...(eventId === undefined ? [] : ['"eventId"', JSON.stringify(eventId)]),
    ...(eventsMissed === true ? ['"eventsMissed"', 'true'] : []),
  ];
  const extensions = withPairs(answer.extensions ?? [], ofEvent);
  const text = answerText({ ...answer, extensions: extensions.length > 0 ? extensions : null });
  return new StreamPayload(String(text), eventId ?? null);
}

/** A payload of its own that says no more than that events are missing. */
export const announcesGap = (event: ExecutionResult): boolean =>
  (event.data === null || event.data === undefined) && !event.errors && extensionsOf(event).eventsMissed === true;

export const gapPayload = (event: ExecutionResult): StreamPayload =>
  new StreamPayload(JSON.stringify({ data: null, extensions: extensionsOf(event) }), extensionsOf(event).eventId);

/** The same payload, saying that some before it are missing. */
export function afterMissedOnes({ result, eventId }: StreamPayload): StreamPayload {
  const extensions: EventExtensions & Record<string, unknown> = { ...result.extensions, eventsMissed: true };
  return new StreamPayload(JSON.stringify({ ...result, extensions }), eventId);
}
