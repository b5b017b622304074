// What a product's tests import: a real PostgreSQL, the real worker, and callers of any tenant.
export { createTestDatabase, type TestDatabase } from './test-database.js';
export { until } from './until.js';
export { testSubgraph, type TestCaller, type TestPerson, type TestSubgraph } from './test-subgraph.js';
