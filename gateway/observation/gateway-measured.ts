import type { PlannersMeasured } from '../planner/planner-threads.js';
import type { BulkheadsMeasured } from '../protection/bulkheads/bulkheads.js';
import type { SubgraphMeasured } from '../transports/http-subgraph.js';

/** What a gateway can tell of itself at any moment. */
export interface GatewayMeasured {
  readonly supergraph: SupergraphMeasured;
  readonly planners: PlannersMeasured;
  /** Null: nothing bounds how many operations run. */
  readonly bulkheads: BulkheadsMeasured | null;
  readonly isShedding: boolean;
  /** Milliseconds since the last word of identity about what was taken back, Infinity before the first; null: there is none. */
  readonly revocationsAgeMs: number | null;
  readonly subscriptions: number;
  readonly webSockets: number;
  /** Of TCP, with those of WebSockets. */
  readonly connections: number;
  /** By name: those of the supergraph that are in other processes. */
  readonly subgraphs: ReadonlyMap<string, SubgraphMeasured>;
}

export interface SupergraphMeasured {
  readonly id: string;
  /** Epoch milliseconds of when this gateway began to serve it. */
  readonly servedSince: number;
  /** Newer ones that did not load, since the start. */
  readonly failedLoads: number;
  /** How many plans are known on it. */
  readonly plans: number;
}
