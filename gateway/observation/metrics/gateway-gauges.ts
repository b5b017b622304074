import { Gauge, type Registry } from 'prom-client';
import type { GatewayMeasured } from '../gateway-measured.js';
import { Tallies, type Tally } from './tallies.js';
import { knownOrOther } from './known-or-other.js';

interface GaugeOf {
  readonly name: `stack_${string}`;
  readonly help: string;
  readonly value: (measured: GatewayMeasured) => number;
}

const GAUGES: readonly GaugeOf[] = [
  {
    name: 'stack_operations_running',
    help: 'Operations that hold one of the places to run; 0 where nothing bounds them.',
    value: ({ bulkheads }) => bulkheads?.running ?? 0,
  },
  {
    name: 'stack_operations_waiting',
    help: 'Operations that wait for a place to run.',
    value: ({ bulkheads }) => bulkheads?.waiting ?? 0,
  },
  {
    name: 'stack_operations_slots',
    help: 'How many operations may run at once; 0: any number.',
    value: ({ bulkheads }) => bulkheads?.slots ?? 0,
  },
  {
    name: 'stack_load_shedding',
    help: '1 while every request is refused, because there is more to do than this process can.',
    value: ({ isShedding }) => Number(isShedding),
  },
  {
    name: 'stack_connections',
    help: 'Open connections of clients, with those of WebSockets.',
    value: ({ connections }) => connections,
  },
  { name: 'stack_websockets', help: 'Open WebSockets of clients.', value: ({ webSockets }) => webSockets },
  {
    name: 'stack_subscriptions',
    help: 'Subscriptions that are under way, whatever brings their events to the client.',
    value: ({ subscriptions }) => subscriptions,
  },
  {
    name: 'stack_plan_cache_entries',
    help: 'Plans that are known on the supergraph that is served.',
    value: ({ supergraph }) => supergraph.plans,
  },
  {
    name: 'stack_planner_threads',
    help: 'How many threads may plan at once.',
    value: ({ planners }) => planners.size,
  },
  {
    name: 'stack_planner_threads_busy',
    help: 'Threads that plan, or load a supergraph.',
    value: ({ planners }) => planners.busy,
  },
  {
    name: 'stack_planner_waiting',
    help: 'Plans that wait for a thread.',
    value: ({ planners }) => planners.waiting,
  },
  {
    name: 'stack_supergraph_served_since_seconds',
    help: 'Unix time of when this gateway began to serve its supergraph.',
    value: ({ supergraph }) => supergraph.servedSince / 1_000,
  },
  {
    name: 'stack_revocations_age_seconds',
    help: 'Since the last word of what core-identity has taken back; from 30 s on nobody is believed. 0: nobody signs in.',
    value: ({ revocationsAgeMs }) => (revocationsAgeMs ?? 0) / 1_000,
  },
];

/** Those of a supergraph, and of the ones before it. */
const MOST_SUBGRAPHS = 200;

/** Registers what a gateway tells of itself whenever Prometheus asks. */
export function gatewayGauges(registry: Registry, measured: () => Promise<GatewayMeasured>): void {
  const registers = [registry];
  for (const { name, help, value } of GAUGES)
    new Gauge({
      name,
      help,
      registers,
      async collect() {
        this.set(value(await measured()));
      },
    });
  new Gauge({
    name: 'stack_supergraph_info',
    help: '1, with the id of the supergraph that is served.',
    labelNames: ['supergraph'],
    registers,
    async collect() {
      const { supergraph } = await measured();
      this.reset();
      this.set({ supergraph: supergraph.id }, 1);
    },
  });
  new Gauge({
    name: 'stack_subgraph_circuit_open',
    help: '1 while fetches of a subgraph in another process fail at once, because too many have failed.',
    labelNames: ['subgraph'],
    registers,
    async collect() {
      const { subgraphs } = await measured();
      this.reset();
      for (const [subgraph, { circuit }] of [...subgraphs].slice(0, MOST_SUBGRAPHS))
        this.set({ subgraph }, Number(circuit !== 'closed'));
    },
  });

  const failedLoads: Tally = new Tallies(
    registry,
    { name: 'stack_supergraph_load_failures_total', help: 'Supergraphs that were announced and did not load.' },
    async () => void (failedLoads.value = (await measured()).supergraph.failedLoads),
  ).of({});
  const refusals = new Tallies(
    registry,
    {
      name: 'stack_concurrency_refusals_total',
      help: 'Operations that could not wait for a place to run: "own", their tenant\'s were taken; "shared", those of all.',
      labelNames: ['places'],
    },
    async () => {
      const { own = 0, shared = 0 } = (await measured()).bulkheads?.refused ?? {};
      ownPlaces.value = own;
      sharedPlaces.value = shared;
    },
  );
  const ownPlaces = refusals.of({ places: 'own' });
  const sharedPlaces = refusals.of({ places: 'shared' });
  const retries = new Tallies(
    registry,
    {
      name: 'stack_subgraph_retries_total',
      help: 'Requests that were sent to a subgraph in another process a second time.',
      labelNames: ['subgraph'],
    },
    async () => {
      for (const [name, { retries: count }] of (await measured()).subgraphs) retriesOf(name).value = count;
    },
  );
  const retriesOf = knownOrOther(MOST_SUBGRAPHS, (subgraph) => retries.of({ subgraph }));
}
