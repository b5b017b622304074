export { SupergraphGateway, type SupergraphGatewayOptions } from './apollo-server/supergraph-gateway.js';
export type { SupergraphSource } from './apollo-server/supergraph-source.js';
export { keepRunning, type Repetition } from './background/keep-running.js';
export { loadSupergraphEngine, type EngineOptions } from './engine/load-supergraph-engine.js';
export type { SupergraphEngine, EngineOperation } from './engine/supergraph-engine.js';
export * from './extensions/gateway-extension.js';
export { supergraphFile, SupergraphFileUnusable } from './supergraph/supergraph-file.js';
export type { FetchMade } from './executor/run-plan.js';
export type * from './planner/query-plan.js';
export type { ProductRouting } from './routing/product-routes.js';
export { startGateway, type GatewayOptions, type RunningGateway } from './start-gateway.js';
export {
  apiSchemaOf,
  composeSupergraph,
  type Composer,
  type Composition,
  type CompositionError,
  type CompositionHint,
  type SubgraphSource,
} from './supergraph/compose-supergraph.js';
export {
  BadSupergraphConfig,
  parseSupergraphConfig,
  type ProductConfig,
  type SubgraphConfig,
  type SupergraphConfig,
} from './supergraph/supergraph-config.js';
export { NotASupergraph, readJoinGraphs, type JoinGraph } from './supergraph/join-graph.js';
export type { ContextTokens } from './transports/context-tokens.js';
export { HttpSubgraph, httpSubgraph, type HttpSubgraphOptions } from './transports/http-subgraph.js';
