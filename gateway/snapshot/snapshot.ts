import type { GraphQLSchema } from 'graphql';
import type { Authorization } from '../authorization/authorize.js';
import type { MeasuresOf } from '../limits/actual-cost.js';
import type { EstimatesOf } from '../limits/estimate-cost.js';
import type { DocumentRules } from '../limits/document-rules.js';
import type { CompilationTarget } from '../executor/compile-plan.js';
import type { OperationPlan } from '../executor/operation-plan.js';
import type { Subgraphs } from '../transports/subgraph-directory.js';
import type { SubgraphTransport } from '../transports/subgraph-transport.js';
import type { Planner } from '../planner/planner.js';
import type { DocumentCache } from './document-cache.js';
import type { PlanCache } from './plan-cache.js';

/** One supergraph and all that was derived from it. Immutable: a request that began on it ends on it. */
export interface Snapshot extends CompilationTarget {
  /** Of the supergraph's SDL: equal text, equal id. */
  readonly id: string;
  readonly sdl: string;
  /** What clients may ask. */
  readonly schema: GraphQLSchema;
  readonly planner: Planner;
  readonly authorization: Authorization;
  /** What an operation of a valid document costs at most, before it is run. */
  readonly estimateOf: EstimatesOf;
  /** What it cost by what its answer holds. */
  readonly measureOf: MeasuresOf;
  /** What clients' documents are held to. */
  readonly rules: DocumentRules;
  /** The supergraph's subgraphs, by name. */
  readonly handles: Subgraphs;
  readonly transports: ReadonlyMap<string, SubgraphTransport>;
  readonly documents: DocumentCache;
  /** By document, operation, override labels and denied fields. */
  readonly plans: PlanCache<OperationPlan>;
  /** Once, after the last request on it: its planner, and the subgraphs that no other supergraph uses. */
  close(): Promise<void>;
}
