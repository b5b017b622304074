import type { buildSubgraphSchema } from '@apollo/subgraph';
import type { DocumentNode } from 'graphql';

/** One of the four subgraphs, as `buildSubgraphSchema` takes it. */
export interface SubgraphModule {
  readonly typeDefs: DocumentNode;
  readonly resolvers: NonNullable<
    Extract<Parameters<typeof buildSubgraphSchema>[0], { typeDefs: unknown }>['resolvers']
  >;
}
