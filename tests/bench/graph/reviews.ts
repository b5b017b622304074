import { parse } from 'graphql';
import { idOf, review, reviewsAbout, reviewsBy, thingOf, usernameOf, type Review } from './dataset.js';
import type { SubgraphModule } from './subgraph-module.js';

export const reviews: SubgraphModule = {
  typeDefs: parse(/* GraphQL */ `
    extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key", "@external", "@provides"])

    type Review @key(fields: "id") {
      id: ID!
      body: String
      author: User @provides(fields: "username")
      product: Product
    }

    type User @key(fields: "id") {
      id: ID!
      username: String @external
      numberOfReviews: Int
      reviews: [Review]
    }

    type Product @key(fields: "upc") {
      upc: String!
      reviews: [Review]
    }
  `),
  resolvers: {
    Review: {
      __resolveReference: ({ id }: { id: string }) => review(thingOf(id)),
      author: ({ user }: Review) => ({ id: idOf(user), username: usernameOf(user) }),
      product: ({ product }: Review) => ({ upc: idOf(product) }),
    },
    User: {
      numberOfReviews: ({ id }: { id: string }) => reviewsBy(thingOf(id)).length,
      reviews: ({ id }: { id: string }) => reviewsBy(thingOf(id)),
    },
    Product: { reviews: ({ upc }: { upc: string }) => reviewsAbout(thingOf(upc)) },
  },
};
