import type { Registry } from 'prom-client';
import type { FetchMade } from '../../executor/run-plan.js';
import { DURATIONS } from './durations.js';
import { Distributions } from './distributions.js';
import { knownOrOther } from './known-or-other.js';
import { Tallies } from './tallies.js';

/** Those of the supergraph, and of the ones before it. */
const MOST_SUBGRAPHS = 200;

/** Registers what is told of requests to subgraphs; the function it returns counts one. */
export function fetchMetrics(registry: Registry): (fetch: FetchMade) => void {
  const fetches = new Tallies(registry, {
    name: 'stack_subgraph_fetches_total',
    help: 'Requests to subgraphs: ok, failed (no GraphQL response came), shared (the answer of an equal one was taken).',
    labelNames: ['subgraph', 'outcome'],
  });
  const durations = new Distributions(registry, {
    name: 'stack_subgraph_fetch_duration_seconds',
    help: 'How long requests to subgraphs took, whatever came of them; without shared ones.',
    labelNames: ['subgraph'],
    buckets: DURATIONS,
  });
  const bytes = new Tallies(registry, {
    name: 'stack_subgraph_bytes_total',
    help: 'Bytes of bodies that were sent to subgraphs and received from them; of one in this process only what is sent.',
    labelNames: ['subgraph', 'direction'],
  });
  const ofSubgraph = knownOrOther(MOST_SUBGRAPHS, (subgraph) => ({
    ok: fetches.of({ subgraph, outcome: 'ok' }),
    failed: fetches.of({ subgraph, outcome: 'failed' }),
    shared: fetches.of({ subgraph, outcome: 'shared' }),
    duration: durations.of({ subgraph }),
    sent: bytes.of({ subgraph, direction: 'sent' }),
    received: bytes.of({ subgraph, direction: 'received' }),
  }));

  return ({ subgraph, failed, shared, durationMs, requestBytes, responseBytes }) => {
    const counted = ofSubgraph(subgraph);
    if (shared) return void counted.shared.value++;
    (failed ? counted.failed : counted.ok).value++;
    counted.duration.observe(durationMs / 1_000);
    counted.sent.value += requestBytes;
    counted.received.value += responseBytes ?? 0;
  };
}
