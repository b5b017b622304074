import { OperationTypeNode } from 'graphql';
import type { Registry } from 'prom-client';
import type { GatewayExtension } from '../../extensions/gateway-extension.js';
import type { RequestOutcome, RequestSeen } from '../../extensions/request-seen.js';
import { byName } from './by-name.js';
import { Distributions } from './distributions.js';
import { DURATIONS } from './durations.js';
import { knownOrOther } from './known-or-other.js';
import { operationMetrics } from './operation-metrics.js';
import { OUTCOMES } from './outcomes.js';
import { Tallies, type Tally } from './tallies.js';

type Route = RequestSeen['route'];

const ROUTES = ['graphql', 'websocket', 'product', 'other'] as const satisfies readonly Route[];
/** Those of supergraph.yaml, and those that replaced them while it runs. */
const MOST_PRODUCTS = 200;

/**
 * Registers what Prometheus is told of requests, and counts them when they have ended. Labels are what code, supergraph.yaml
 * and the supergraph name: nothing of a tenant, a person or a document is among them. A request of one fetch costs it less
 * than a microsecond.
 */
export function requestMetrics(registry: Registry): GatewayExtension {
  const requests = new Tallies(registry, {
    name: 'stack_requests_total',
    help: 'Requests and operations of WebSockets that ended, by what became of them; "failed" is ours.',
    labelNames: ['route', 'product', 'outcome'],
  });
  const durations = new Distributions(registry, {
    name: 'stack_request_duration_seconds',
    help: 'From the first byte of a request to the last of its answer; without refused ones and subscriptions.',
    labelNames: ['route'],
    buckets: DURATIONS,
  });
  const outcomesOf = (route: Route, product: string): Readonly<Record<RequestOutcome, Tally>> =>
    byName(OUTCOMES, (outcome) => requests.of({ route, product, outcome }));
  const ofRoute = byName(ROUTES, (route) => ({
    outcomes: route === 'product' ? null : outcomesOf(route, ''),
    duration: durations.of({ route }),
  }));
  const ofProduct = knownOrOther(MOST_PRODUCTS, (product) => outcomesOf('product', product));
  const operations = operationMetrics(registry);

  return {
    name: 'request-metrics',
    contract: 1,
    onAnswer: operations.onAnswer,
    onRequestEnd(request) {
      const { route, product, outcome, durationMs, operation } = request;
      const { outcomes, duration } = ofRoute[route];
      (outcomes ?? ofProduct(product ?? ''))[outcome].value++;
      const isTimed = outcome !== 'refused' && operation?.definition.operation !== OperationTypeNode.SUBSCRIPTION;
      if (isTimed) duration.observe(durationMs / 1_000);
      if (route === 'graphql' || route === 'websocket') operations.ended(request);
    },
  };
}
