export { operationsDatabase } from './database.js';
export { operationsEvents } from './events/operations-events.js';
export { openSchemaRegistry, type StoredSchemaRegistry } from './registry/open-schema-registry.js';
export { operationsInternalApi, type OperationsInternalApi } from './internal-api.js';
export { openOperationsStore, type OperationsStore } from './store/operations-store.js';
export type { Upkeep } from './jobs/upkeep.js';
export { operationsSubgraph, type OperationsSources } from './subgraph.js';
export { openTrafficStore, type TrafficStore } from './traffic/traffic-store.js';
export { openUsageStore, type UsageStore } from './usage/usage-store.js';
