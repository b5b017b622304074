import { parse } from 'graphql';
import { firstOf, product, PRODUCTS, thingOf } from './dataset.js';
import type { SubgraphModule } from './subgraph-module.js';

export const products: SubgraphModule = {
  typeDefs: parse(/* GraphQL */ `
    extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key"])

    type Query {
      topProducts(seed: Int! = 0, first: Int! = 5): [Product]
    }

    type Product @key(fields: "upc") {
      upc: String!
      name: String
      price: Int
      weight: Int
    }
  `),
  resolvers: {
    Query: {
      topProducts: (_root: unknown, { seed, first }: { seed: number; first: number }) =>
        firstOf(seed, first, PRODUCTS).map(product),
    },
    Product: { __resolveReference: ({ upc }: { upc: string }) => product(thingOf(upc)) },
  },
};
