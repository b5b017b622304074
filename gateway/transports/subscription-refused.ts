import type { GraphQLError, GraphQLFormattedError } from 'graphql';

/**
 * A subgraph in another process refused a subscription. What it said is its own: `presentSubgraphError` decides what of
 * it a client may see. The message, and all of `errors`, are for our log.
 */
export class SubscriptionRefused extends Error {
  /** As they came; one at least. */
  readonly errors: readonly (GraphQLError | GraphQLFormattedError)[];

  constructor(subgraph: string, errors: SubscriptionRefused['errors']) {
    super(`Subgraph "${subgraph}" refused the subscription.`);
    this.errors = errors;
  }
}
