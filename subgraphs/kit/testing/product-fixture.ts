import type { TestCaller, TestSubgraph } from './test-subgraph.js';

/**
 * What the product contract (tests/contracts/products) must know of a product and cannot read from its declaration: the
 * default export of `testing/fixture.ts` in the product's folder.
 */
export interface ProductFixture {
  /**
   * Does in the caller's tenant what its people do, through the graph and the routes, until each tenant table of the
   * product has a row of it, and waits for the jobs of that. The contract then tries to reach all of it from elsewhere.
   */
  fill(product: TestSubgraph, caller: TestCaller): Promise<void>;
  /** By name, what a job is run with that does not take `{}`; asked for after `fill`, and again for each run. */
  readonly payloads?: Readonly<Record<string, (product: TestSubgraph, caller: TestCaller) => Promise<object>>>;
  /** `Type.field` → why this list is short for ever, and therefore no connection. */
  readonly plainLists?: Readonly<Record<string, string>>;
  /** `Query.field` and the like → why whoever is signed in may ask for it, without any permission. */
  readonly openToMembers?: Readonly<Record<string, string>>;
}
