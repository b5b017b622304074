import { parse } from 'graphql';
import { firstOf, thingOf, user, USERS } from './dataset.js';
import type { SubgraphModule } from './subgraph-module.js';

export const users: SubgraphModule = {
  typeDefs: parse(/* GraphQL */ `
    extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key", "@shareable"])

    type Query {
      users(seed: Int! = 0, first: Int! = 6): [User]
    }

    type User @key(fields: "id") {
      id: ID!
      name: String
      username: String @shareable
      birthday: Int
    }
  `),
  resolvers: {
    Query: {
      users: (_root: unknown, { seed, first }: { seed: number; first: number }) =>
        firstOf(seed, first, USERS).map(user),
    },
    User: { __resolveReference: ({ id }: { id: string }) => user(thingOf(id)) },
  },
};
