import { parse } from 'graphql';
import { isInStock, thingOf } from './dataset.js';
import type { SubgraphModule } from './subgraph-module.js';

const FREE_FROM = 1_000;

export const inventory: SubgraphModule = {
  typeDefs: parse(/* GraphQL */ `
    extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key", "@external", "@requires"])

    type Product @key(fields: "upc") {
      upc: String!
      price: Int @external
      weight: Int @external
      inStock: Boolean
      shippingEstimate: Int @requires(fields: "price weight")
    }
  `),
  resolvers: {
    Product: {
      inStock: ({ upc }: { upc: string }) => isInStock(thingOf(upc)),
      shippingEstimate: ({ price, weight }: { price: number; weight: number }) =>
        price >= FREE_FROM ? 0 : Math.floor(weight / 2),
    },
  },
};
