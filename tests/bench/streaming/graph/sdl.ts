const LINK = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key"])';

/** By the subgraph's name. */
export const SDL = {
  ticks: `${LINK}
    type Query { ticks: Int }
    type Subscription { tick: Tick }
    type Tick @key(fields: "id") { id: ID!  number: Int! }`,
  labels: `${LINK}
    type Tick @key(fields: "id") { id: ID!  label: String! }`,
} as const;

export type SubgraphName = keyof typeof SDL;
