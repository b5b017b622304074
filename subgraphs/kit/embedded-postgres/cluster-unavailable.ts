/** The embedded PostgreSQL cannot be had. The message says what happened, where, and what to do. */
export class ClusterUnavailable extends Error {
  override readonly name = 'ClusterUnavailable';
}
