import { ERROR_CODES } from '@inevitable/contract';
import { OperationTypeNode } from 'graphql';
import type { Registry } from 'prom-client';
import type { AnswerSeen } from '../../extensions/gateway-extension.js';
import type { RequestSeen } from '../../extensions/request-seen.js';
import { unitsOf } from '../../protection/rate-limits/units.js';
import { byName } from './by-name.js';
import { Distributions } from './distributions.js';
import { DURATIONS, SHORT_DURATIONS } from './durations.js';
import { fetchMetrics } from './fetch-metrics.js';
import { outsideOfFetches } from './outside-of-fetches.js';
import { OUTCOMES } from './outcomes.js';
import { Tallies } from './tallies.js';

const { QUERY, MUTATION, SUBSCRIPTION } = OperationTypeNode;
const TYPES = [QUERY, MUTATION, SUBSCRIPTION, 'unknown'] as const;
const COSTS = [1, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000];

export interface OperationCounter {
  /** A GraphQL request, or an operation of a WebSocket. */
  ended(request: RequestSeen): void;
  /** Adds nothing to the answer. */
  onAnswer(answer: AnswerSeen): undefined;
}

/** Registers what is told of operations, of how they were planned and of what was fetched for them. */
export function operationMetrics(registry: Registry): OperationCounter {
  const operationsTotal = new Tallies(registry, {
    name: 'stack_operations_total',
    help: 'Operations that ended; "unknown": refused before it was known what it was.',
    labelNames: ['type', 'outcome'],
  });
  const operations = byName(TYPES, (type) => byName(OUTCOMES, (outcome) => operationsTotal.of({ type, outcome })));
  const errorsTotal = new Tallies(registry, {
    name: 'stack_operation_errors_total',
    help: 'Operations whose clients were told of an error with this code; "other": one that is not of the stack.',
    labelNames: ['code'],
  });
  const errors = new Map(Object.keys(ERROR_CODES).map((code) => [code, errorsTotal.of({ code })]));
  const otherErrors = errorsTotal.of({ code: 'other' });
  const overhead = new Distributions(registry, {
    name: 'stack_operation_overhead_seconds',
    help: 'Of operations that were run, the time in which no subgraph was being asked: the gateway, and its queues.',
    buckets: SHORT_DURATIONS,
  }).of({});
  const plansTotal = new Tallies(registry, {
    name: 'stack_plans_total',
    help: 'Operations that were planned: from a plan that was known, or one that had to be made.',
    labelNames: ['origin'],
  });
  const knownPlans = plansTotal.of({ origin: 'known' });
  const madePlans = plansTotal.of({ origin: 'made' });
  const planning = new Distributions(registry, {
    name: 'stack_planning_duration_seconds',
    help: 'How long operations waited for a plan that was not known.',
    buckets: DURATIONS,
  }).of({});
  const estimatedCosts = new Distributions(registry, {
    name: 'stack_operation_estimated_cost',
    help: 'What operations that were run were estimated to cost; ten are one unit of rate limits.',
    buckets: COSTS,
  }).of({});
  const weighed = new Tallies(registry, {
    name: 'stack_weighed_cost_total',
    help: 'Of queries and mutations of more than one unit: what they were estimated to cost, and what they cost.',
    labelNames: ['figure'],
  });
  const estimated = weighed.of({ figure: 'estimated' });
  const actual = weighed.of({ figure: 'actual' });
  const events = new Tallies(registry, {
    name: 'stack_subscription_events_total',
    help: 'Events of subscriptions that were answered, each for each subscriber.',
  }).of({});
  const payloads = new Tallies(registry, {
    name: 'stack_streamed_payloads_total',
    help: 'Payloads of streams, and answers over WebSockets, that were sent: counted when they end.',
  }).of({});
  const fetched = fetchMetrics(registry);

  /** What it was run on: not of one that was refused before, nor of one whose client did not wait for its end. */
  function ran({ durationMs, fetches, outcome }: RequestSeen, cost: number): void {
    estimatedCosts.observe(cost);
    if (outcome !== 'left') overhead.observe(outsideOfFetches(durationMs, fetches) / 1_000);
  }

  return {
    ended(request) {
      const { operation, outcome, codes, fetches, planKnown, planningAfterMs, fetchingAfterMs, durationMs } = request;
      const type = operation?.definition.operation ?? 'unknown';
      operations[type][outcome].value++;
      for (const code of codes) (errors.get(code) ?? otherErrors).value++;
      if (planKnown) knownPlans.value++;
      if (planningAfterMs !== null) {
        madePlans.value++;
        // Of a subscription nothing says when its plan was there: it goes on until it ends.
        if (type !== SUBSCRIPTION) planning.observe(((fetchingAfterMs ?? durationMs) - planningAfterMs) / 1_000);
      }
      if (operation && fetchingAfterMs !== null) ran(request, operation.cost);
      for (const fetch of fetches) fetched(fetch);
      payloads.value += request.payloads;
    },

    onAnswer(answer) {
      const { operation } = answer;
      if (operation.definition.operation === SUBSCRIPTION) return void events.value++;
      // What rate limits count as more than one unit they have measured: asked a second time it costs nothing.
      if (unitsOf(operation.cost) === 1) return;
      estimated.value += operation.cost;
      actual.value += answer.actualCost;
    },
  };
}
