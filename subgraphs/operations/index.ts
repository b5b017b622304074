export { operationsDatabase } from './database.js';
export { operationsEvents } from './events/part-health-changed.js';
export { openOperationsStore, type OperationsStore } from './store/operations-store.js';
export type { Upkeep } from './jobs/upkeep.js';
export { operationsSubgraph, type OperationsSources } from './subgraph.js';
