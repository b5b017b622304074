import type { Entity } from '../graphql-subgraph.js';
import { PRODUCTS, rows } from './data.js';
import type { Requiring, RichSubgraph } from './rich-subgraph.js';
import { shippingCost } from './stock.js';

export const money = (amount: number, currency = 'EUR'): Entity => ({ amount, currency });

const price = ({ price: amount }: Entity): Entity | null => (amount === null ? null : money(amount));
const points = ({ ref }: Entity): number => ref.charCodeAt(1);

/** Requires a field that itself requires fields of a third subgraph. */
const total: Requiring = {
  truth: (product) => ({ shippingCost: shippingCost.answer(shippingCost.truth(product)!, { express: true }) }),
  answer: ({ shippingCost: cost }, { times }) => {
    const { amount, currency } = cost ?? money(0);
    return `${(amount * times).toFixed(2)} ${currency}`;
  },
};

/** Took prices over from `catalog` altogether, and points from `stock` for some. */
export const pricing: RichSubgraph = {
  name: 'pricing',
  sdl: `
    type Query { deals: [Deal!]! }
    type Deal { of: Priced  until: Date }
    union Priced = Book | Film
    scalar Date

    type Money @shareable { amount: Float!  currency: String! }
    type Book @key(fields: "id") {
      id: ID!
      price: Money @override(from: "catalog")
      shippingCost(express: Boolean = false): Money @external
      total(times: Int! = 1): String @requires(fields: "shippingCost(express: true) { amount currency }")
      points: Int @override(from: "stock", label: "percent(50)")
      bonus: Int @override(from: "stock", label: "loyalty")
    }
    type Film @key(fields: "id") {
      id: ID!
      price: Money @override(from: "catalog")
      shippingCost(express: Boolean = false): Money @external
      total(times: Int! = 1): String @requires(fields: "shippingCost(express: true) { amount currency }")
    }
  `,
  answers: {
    Query: { deals: () => rows(PRODUCTS, ['b2', 'f1', 'none']).map((of) => ({ of, until: of && '2030-01-01' })) },
    Book: { price, points, bonus: points },
    Film: { price },
  },
  requiring: { Book: { total }, Film: { total } },
};
