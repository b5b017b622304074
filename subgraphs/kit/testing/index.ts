// What a product's tests import: a real PostgreSQL, the real worker, and callers of any tenant.
export type { ProductFixture } from './product-fixture.js';
export { createTestDatabase, type TestDatabase } from './test-database.js';
export { mongoTestJobStore, type TestJobStore } from './test-job-store.js';
export {
  createTestMongoDatabase,
  onMongoDatabase,
  testMongoUrl,
  type TestMongoDatabase,
} from './test-mongo-database.js';
export { testEntitlements, type TestEntitlements, type TestEntitlementsOptions } from './test-entitlements.js';
export type { ExportedPart, TestTenantData } from './test-tenant-data.js';
export { until } from './until.js';
export {
  testSubgraph,
  type TestCaller,
  type TestPerson,
  type TestSubgraph,
  type TestSubgraphOptions,
} from './test-subgraph.js';
