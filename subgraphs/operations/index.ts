export { operationsSubgraph, type OperationsSources } from './subgraph.js';
