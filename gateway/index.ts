export type { SupergraphEngine, EngineOperation } from './executor/supergraph-engine.js';
export { loadApolloEngine } from './executor/load-apollo-engine.js';
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
export type { ContextTokens } from './transports/context-tokens.js';
export { HttpSubgraph, httpSubgraph, type HttpSubgraphOptions } from './transports/http-subgraph.js';
