import { describe, expect, it } from '@jest/globals';
import { Registry } from 'prom-client';
import type { GatewayMeasured } from '../gateway-measured.js';
import { gatewayGauges } from './gateway-gauges.js';

const quiet: GatewayMeasured = {
  supergraph: { id: 'v1', servedSince: 1_700_000_000_000, failedLoads: 0, plans: 3 },
  planners: { busy: 0, size: 1, waiting: 0 },
  bulkheads: { running: 4, slots: 128, waiting: 0, refused: { own: 0, shared: 0 } },
  isShedding: false,
  revocationsAgeMs: 1_500,
  subscriptions: 2,
  webSockets: 1,
  connections: 5,
  subgraphs: new Map([['notes', { circuit: 'closed', retries: 0 }]]),
};

function told(measured: GatewayMeasured) {
  const registry = new Registry();
  let now = measured;
  gatewayGauges(registry, () => Promise.resolve(now));
  return {
    become: (changes: Partial<GatewayMeasured>) => void (now = { ...now, ...changes }),
    lines: async () => (await registry.metrics()).split('\n').filter((line) => line !== '' && !line.startsWith('#')),
  };
}

describe('What a gateway tells of itself', () => {
  it('is what is so when it is asked, and of the supergraph and the subgraphs that it serves then alone', async () => {
    const gateway = told(quiet);
    expect(await gateway.lines()).toEqual([
      'stack_operations_running 4',
      'stack_operations_waiting 0',
      'stack_operations_slots 128',
      'stack_load_shedding 0',
      'stack_connections 5',
      'stack_websockets 1',
      'stack_subscriptions 2',
      'stack_plan_cache_entries 3',
      'stack_planner_threads 1',
      'stack_planner_threads_busy 0',
      'stack_planner_waiting 0',
      'stack_supergraph_served_since_seconds 1700000000',
      'stack_revocations_age_seconds 1.5',
      'stack_supergraph_info{supergraph="v1"} 1',
      'stack_subgraph_circuit_open{subgraph="notes"} 0',
      'stack_supergraph_load_failures_total 0',
      'stack_concurrency_refusals_total{places="own"} 0',
      'stack_concurrency_refusals_total{places="shared"} 0',
      'stack_subgraph_retries_total{subgraph="notes"} 0',
    ]);
    gateway.become({
      supergraph: { id: 'v2', servedSince: 1_700_000_060_000, failedLoads: 1, plans: 0 },
      bulkheads: { running: 128, slots: 128, waiting: 7, refused: { own: 5, shared: 2 } },
      isShedding: true,
      revocationsAgeMs: Infinity,
      subgraphs: new Map([['books', { circuit: 'half-open', retries: 3 }]]),
    });
    expect(await gateway.lines()).toEqual(
      expect.arrayContaining([
        'stack_operations_waiting 7',
        'stack_load_shedding 1',
        'stack_revocations_age_seconds +Inf',
        'stack_supergraph_info{supergraph="v2"} 1',
        'stack_subgraph_circuit_open{subgraph="books"} 1',
        'stack_supergraph_load_failures_total 1',
        'stack_concurrency_refusals_total{places="own"} 5',
        'stack_concurrency_refusals_total{places="shared"} 2',
        'stack_subgraph_retries_total{subgraph="books"} 3',
      ]),
    );
    expect((await gateway.lines()).join()).not.toMatch(/v1|circuit_open\{subgraph="notes"/);
  });

  it('is nothing of places and revocations where nobody signs in', async () => {
    const lines = await told({ ...quiet, bulkheads: null, revocationsAgeMs: null }).lines();
    expect(lines).toEqual(expect.arrayContaining(['stack_operations_slots 0', 'stack_revocations_age_seconds 0']));
  });
});
