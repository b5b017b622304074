import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ERROR_CODES } from '@inevitable/contract';
import fc from 'fast-check';
import { Registry } from 'prom-client';
import type { FetchMade } from '../../executor/run-plan.js';
import type { AnswerSeen } from '../../extensions/gateway-extension.js';
import type { RequestSeen } from '../../extensions/request-seen.js';
import { testGateway, type TestGateway } from '../../test-support/test-gateway.js';
import { gatewayGauges } from './gateway-gauges.js';
import { requestMetrics } from './request-metrics.js';

/** What Prometheus reads, by name with labels; without series that count nothing. */
async function told(registry: Registry): Promise<Readonly<Record<string, number>>> {
  const lines = (await registry.metrics()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  const values = lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.split(' ').at(-1))] as const);
  return Object.fromEntries(values.filter(([name, value]) => value !== 0 && !name.includes('_bucket')));
}
const seriesOf = async (registry: Registry): Promise<number> =>
  (await registry.metrics()).split('\n').filter((line) => line !== '' && !line.startsWith('#')).length;

const fetched = (changes: Partial<FetchMade> = {}): FetchMade =>
  ({
    subgraph: 'accounts',
    startMs: 1,
    durationMs: 30,
    requestBytes: 100,
    responseBytes: 900,
    shared: false,
    failed: false,
    ...changes,
  }) as FetchMade;
const ofType = (operation: string, cost = 4) =>
  ({ definition: { operation }, cost }) as unknown as NonNullable<RequestSeen['operation']>;
const plain = {
  route: 'graphql',
  product: null,
  outcome: 'answered',
  durationMs: 40,
  codes: [],
  payloads: 0,
  operation: ofType('query'),
  planKnown: true,
  planningAfterMs: null,
  fetchingAfterMs: 2,
  fetches: [fetched()],
} as unknown as RequestSeen;

function counting() {
  const registry = new Registry();
  const { onRequestEnd, onAnswer } = requestMetrics(registry);
  return {
    registry,
    ended: (changes: Partial<RequestSeen> = {}) => onRequestEnd!({ ...plain, ...changes }),
    answered: (answer: Partial<AnswerSeen>) => onAnswer!(answer as AnswerSeen),
  };
}

describe('A request that has ended', () => {
  it('is counted with its operation, its plan and its fetches, and with the time that no subgraph took', async () => {
    const { registry, ended } = counting();
    ended();
    ended({
      planKnown: false,
      planningAfterMs: 1,
      fetchingAfterMs: 21,
      durationMs: 100,
      outcome: 'errors',
      codes: ['NOT_FOUND', 'CARD_DECLINED'],
      fetches: [fetched({ failed: true, responseBytes: null }), fetched({ shared: true, startMs: 20 })],
    });
    expect(await told(registry)).toEqual({
      'stack_requests_total{route="graphql",product="",outcome="answered"}': 1,
      'stack_requests_total{route="graphql",product="",outcome="errors"}': 1,
      'stack_request_duration_seconds_sum{route="graphql"}': expect.closeTo(0.14),
      'stack_request_duration_seconds_count{route="graphql"}': 2,
      'stack_operations_total{type="query",outcome="answered"}': 1,
      'stack_operations_total{type="query",outcome="errors"}': 1,
      'stack_operation_errors_total{code="NOT_FOUND"}': 1,
      'stack_operation_errors_total{code="other"}': 1,
      stack_operation_overhead_seconds_sum: expect.closeTo(0.01 + 0.051),
      stack_operation_overhead_seconds_count: 2,
      'stack_plans_total{origin="known"}': 1,
      'stack_plans_total{origin="made"}': 1,
      stack_planning_duration_seconds_sum: expect.closeTo(0.02),
      stack_planning_duration_seconds_count: 1,
      stack_operation_estimated_cost_sum: 8,
      stack_operation_estimated_cost_count: 2,
      'stack_subgraph_fetches_total{subgraph="accounts",outcome="ok"}': 1,
      'stack_subgraph_fetches_total{subgraph="accounts",outcome="failed"}': 1,
      'stack_subgraph_fetches_total{subgraph="accounts",outcome="shared"}': 1,
      'stack_subgraph_fetch_duration_seconds_sum{subgraph="accounts"}': expect.closeTo(0.06),
      'stack_subgraph_fetch_duration_seconds_count{subgraph="accounts"}': 2,
      'stack_subgraph_bytes_total{subgraph="accounts",direction="sent"}': 200,
      'stack_subgraph_bytes_total{subgraph="accounts",direction="received"}': 900,
    });
  });

  it('says nothing of how long requests take where it was refused, or was a subscription', async () => {
    const { registry, ended } = counting();
    ended({ outcome: 'refused', operation: null, planKnown: null, fetchingAfterMs: null, fetches: [] });
    ended({
      route: 'websocket',
      operation: ofType('subscription'),
      durationMs: 3_600_000,
      planKnown: false,
      planningAfterMs: 1,
      fetchingAfterMs: null,
      fetches: [],
      payloads: 12,
    });
    ended({ route: 'product', product: 'notes', operation: null, planKnown: null, fetchingAfterMs: null, fetches: [] });
    expect(await told(registry)).toEqual({
      'stack_requests_total{route="graphql",product="",outcome="refused"}': 1,
      'stack_requests_total{route="websocket",product="",outcome="answered"}': 1,
      'stack_requests_total{route="product",product="notes",outcome="answered"}': 1,
      'stack_request_duration_seconds_sum{route="product"}': expect.closeTo(0.04),
      'stack_request_duration_seconds_count{route="product"}': 1,
      'stack_operations_total{type="unknown",outcome="refused"}': 1,
      'stack_operations_total{type="subscription",outcome="answered"}': 1,
      'stack_plans_total{origin="made"}': 1,
      stack_streamed_payloads_total: 12,
    });
  });

  it('lies in the buckets from its own on, as histograms of Prometheus add up', async () => {
    const { registry, ended } = counting();
    for (const durationMs of [0.5, 200, 200.1, 29_000, 90_000]) ended({ durationMs });
    const text = await registry.metrics();
    const upTo = (le: string) =>
      Number(
        new RegExp(`^stack_request_duration_seconds_bucket.route="graphql",le="${le}". (\\d+)$`, 'm').exec(text)![1],
      );
    expect(['0.001', '0.1', '0.2', '0.35', '30', '\\+Inf'].map(upTo)).toEqual([1, 1, 2, 3, 4, 5]);
  });
});

describe('An answer', () => {
  it('of more than one unit is weighed against its estimate, and an event of a subscription is counted', async () => {
    const { registry, answered } = counting();
    answered({ operation: ofType('query', 10), actualCost: 3 });
    answered({ operation: ofType('mutation', 200), actualCost: 30 });
    answered({ operation: ofType('subscription', 200), actualCost: 30 });
    expect(await told(registry)).toEqual({
      'stack_weighed_cost_total{figure="estimated"}': 200,
      'stack_weighed_cost_total{figure="actual"}': 30,
      stack_subscription_events_total: 1,
    });
  });
});

describe('How many series there are', () => {
  const text = fc.oneof(
    fc.string(),
    fc.constantFrom('__proto__', 'constructor', 'hasOwnProperty', 'other', ...Object.keys(ERROR_CODES)),
  );
  const anything = fc.record({
    route: fc.constantFrom('graphql', 'websocket', 'product', 'other'),
    outcome: fc.constantFrom('answered', 'errors', 'refused', 'failed', 'left'),
    codes: fc.array(text, { maxLength: 10 }),
    requestId: text,
    operation: fc.option(
      text.map((operationName) => ({ ...ofType('query'), operationName })),
      { nil: null },
    ),
  });

  it('depends on nothing that a client sends, or that a subgraph answers it with', async () => {
    const { registry, ended } = counting();
    ended();
    ended({ route: 'product', product: 'notes' });
    const before = await seriesOf(registry);
    fc.assert(
      fc.property(anything, (request) => ended({ product: 'notes', ...request } as Partial<RequestSeen>)),
      { numRuns: 500 },
    );
    expect(await seriesOf(registry)).toBe(before);
    expect(before).toBeLessThan(250);
  });

  it('stays below 6,000 even where reloads bring ever new products and subgraphs', async () => {
    const { registry, ended } = counting();
    for (let at = 0; at < 1_000; at++) {
      const subgraph = `subgraph${at}`;
      ended({ fetches: [fetched({ subgraph })] });
      ended({ route: 'product', product: subgraph });
    }
    expect(await seriesOf(registry)).toBeLessThan(6_000);
    expect(await told(registry)).toMatchObject({
      'stack_requests_total{route="product",product="other",outcome="answered"}': 800,
      'stack_subgraph_fetches_total{subgraph="other",outcome="ok"}': 800,
    });
  });
});

describe('A gateway', () => {
  const registry = new Registry();
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await testGateway({ extensions: [requestMetrics(registry)] });
    gatewayGauges(registry, gateway.measured);
  });
  afterAll(() => gateway.close());

  it('counts what becomes of real requests, and says how it is', async () => {
    const token = gateway.identity.accessToken();
    for (let time = 0; time < 3; time++) await gateway.query('{ viewer { email notes { text } } }', { token });
    await gateway.query('{ fails(how: "coded") }', { token });
    await gateway.query('{ nonsense }', { token });
    await (await gateway.get('/notes/page', { headers: { authorization: `Bearer ${token}` } })).text();
    await (await gateway.get('/nowhere')).text();
    await (await gateway.get('/ready')).text();
    const values = await told(registry);
    expect(values).toMatchObject({
      'stack_requests_total{route="graphql",product="",outcome="answered"}': 3,
      'stack_requests_total{route="graphql",product="",outcome="errors"}': 1,
      'stack_requests_total{route="graphql",product="",outcome="refused"}': 1,
      'stack_requests_total{route="product",product="notes",outcome="answered"}': 1,
      'stack_requests_total{route="other",product="",outcome="refused"}': 1,
      'stack_operations_total{type="query",outcome="answered"}': 3,
      'stack_operations_total{type="unknown",outcome="refused"}': 1,
      'stack_operation_errors_total{code="other"}': 1,
      'stack_operation_errors_total{code="GRAPHQL_VALIDATION_FAILED"}': 1,
      'stack_plans_total{origin="known"}': 1,
      'stack_plans_total{origin="made"}': 3,
      'stack_subgraph_fetches_total{subgraph="notes",outcome="ok"}': 3,
      'stack_supergraph_info{supergraph="v1"}': 1,
      stack_plan_cache_entries: 1,
      stack_planner_threads: expect.any(Number),
      stack_connections: expect.any(Number),
      stack_operations_slots: expect.any(Number),
    });
    expect(values).not.toHaveProperty('stack_load_shedding');
    expect(values['stack_supergraph_served_since_seconds']! * 1_000).toBeLessThanOrEqual(Date.now());
    expect(values['stack_revocations_age_seconds'] ?? 0).toBeLessThan(30);
  });

  it('tells nobody’s name, whatever is in a request', async () => {
    const canary = 'canary4711';
    const token = gateway.identity.accessToken();
    const headers = { 'x-request-id': canary, 'apollographql-client-name': canary, 'user-agent': canary };
    await gateway.query(`query ${canary} { ${canary}: echo(input: { text: "${canary}" }) }`, { token, headers });
    await (await gateway.get(`/${canary}?${canary}`)).text();
    expect(await registry.metrics()).not.toMatch(
      new RegExp(`${canary}|${gateway.identity.accessToken().slice(0, 20)}`),
    );
  });
});
