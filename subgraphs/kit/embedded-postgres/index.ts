export { ClusterUnavailable } from './cluster-unavailable.js';
export { startCluster } from './start-cluster.js';
export type { Cluster, StartClusterOptions } from './start-cluster.js';
