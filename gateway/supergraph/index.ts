/** What is known of supergraphs without the engine: it loads in a fraction of the time the whole gateway takes. */
export {
  apiSchemaOf,
  composeSupergraph,
  type Composer,
  type Composition,
  type CompositionError,
  type CompositionHint,
  type CompositionPlace,
  type SubgraphSource,
} from './compose-supergraph.js';
export {
  BadSupergraphConfig,
  parseSupergraphConfig,
  type ProductConfig,
  type SubgraphConfig,
  type SupergraphConfig,
} from './supergraph-config.js';
export type { LintException, LintLevel, LintSettings } from './lint-settings.js';
export { NotASupergraph, readJoinGraphs, type JoinGraph } from './join-graph.js';
