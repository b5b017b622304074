import { BASKETS, LINES, PERSONS, PRODUCTS, row, rows } from './data.js';
import { money } from './pricing.js';
import { receipt } from './catalog.js';
import type { RichSubgraph } from './rich-subgraph.js';

/** What a line costs depends on the basket it is seen in: the same line stands in baskets of two currencies. */
export const baskets: RichSubgraph = {
  name: 'baskets',
  sdl: `
    type Query {
      basket(id: ID! = "k1"): Basket
      baskets: [Basket!]!
    }
    type Mutation {
      fill(basket: ID! = "k2"): BasketReceipt
    }
    type BasketReceipt { number: Int!  basket: Basket }
    enum Currency { EUR JPY }
    type Money @shareable { amount: Float!  currency: String! }
    type Basket @key(fields: "id") @context(name: "basket") {
      id: ID!
      currency: Currency!
      owner: Person
      lines(first: Int): [Line!]!
    }
    type Line @key(fields: "id") {
      id: ID!
      quantity: Int!
      item: Item
      cost(each: Boolean = false, currency: Currency @fromContext(field: "$basket { currency }")): Money
    }
    union Item = Book | Film
    type Book @key(fields: "id", resolvable: false) { id: ID! }
    type Film @key(fields: "id", resolvable: false) { id: ID! }
    type Person @key(fields: "id", resolvable: false) { id: ID! }
  `,
  answers: {
    Query: {
      basket: (_, { id }) => row(BASKETS, id),
      baskets: () => Object.values(BASKETS),
    },
    Mutation: {
      fill: (_, { basket }, { journal }) => ({
        ...receipt(journal, `fill ${basket}`),
        basket: row(BASKETS, basket),
      }),
    },
    Basket: {
      owner: ({ owner }) => row(PERSONS, owner),
      // Each line remembers where it is seen: this is what `@context` is in a schema that is not federated.
      lines: (basket, { first }) =>
        rows(LINES, basket.lines)
          .slice(0, first ?? undefined)
          .map((line) => ({ ...line, seenIn: basket.currency })),
    },
    Line: {
      item: ({ product }) => row(PRODUCTS, product),
      cost: ({ quantity, seenIn }, { each, currency = seenIn }) => money(each ? 1 : quantity, currency),
    },
  },
};
