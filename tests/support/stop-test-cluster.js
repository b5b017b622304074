/** jest's global teardown. */
export default () => globalThis.stopTestCluster();
