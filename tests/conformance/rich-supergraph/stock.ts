import type { Entity } from '../graphql-subgraph.js';
import { PERSONS, PRODUCTS, row, WAREHOUSES, where } from './data.js';
import { receipt, sizeInCm } from './catalog.js';
import { money } from './pricing.js';
import type { Requiring, RichSubgraph } from './rich-subgraph.js';

/** Nested, and with arguments of its own: whatever unit the client asks for, this wants centimetres. */
export const shippingCost: Requiring = {
  truth: (product) => ({ weight: product.weight, size: sizeInCm(product) }),
  answer: ({ weight, size }, { express }) =>
    weight !== null && size !== null ? money(weight * 10 + (size.height * size.width) / 100 + (express ? 5 : 0)) : null,
};
const inStock = ({ stock }: Entity): boolean => stock > 0;
const warehouse = (product: Entity): Entity | null => row(WAREHOUSES, product.warehouse);
/** On its way from here to `pricing`, which answers the same. */
const points = ({ ref }: Entity): number => ref.charCodeAt(1);

/** Where things are: a compound key with a nested field, and `@requires`. */
export const stock: RichSubgraph = {
  name: 'stock',
  sdl: `
    type Query {
      warehouses: [Warehouse!]!
      warehouse(code: ID! = "N"): Warehouse
    }
    type Mutation {
      restock(id: ID!, count: Int! = 1): StockReceipt
    }
    type StockReceipt { number: Int!  item: StockItem }
    union StockItem = Book | Film

    type Warehouse @key(fields: "code site { country }") {
      code: ID!
      site: Site!
      capacity: Int
      items(inStock: Boolean): [StockItem!]!
      keeper: Person
    }
    type Site { country: String!  street: String }
    type Person @key(fields: "email", resolvable: false) { email: String! }

    enum Unit { CM INCH }
    type Size { height(unit: Unit! = CM): Float! @external  width(unit: Unit = INCH): Float! @external }
    type Money @shareable { amount: Float!  currency: String! }
    type Book @key(fields: "id") {
      id: ID!
      weight: Float @external
      size: Size @external
      inStock: Boolean!
      stock: Int
      warehouse: Warehouse
      shippingCost(express: Boolean = false): Money
        @requires(fields: "weight size { height(unit: CM) width(unit: CM) }")
      points: Int
      bonus: Int
    }
    type Film @key(fields: "id") {
      id: ID!
      weight: Float @external
      size: Size @external
      inStock: Boolean!
      warehouse: Warehouse
      shippingCost(express: Boolean = false): Money
        @requires(fields: "weight size { height(unit: CM) width(unit: CM) }")
    }
    type Edition @key(fields: "number book { id }") { number: Int!  book: Book!  copies: Int! }
  `,
  answers: {
    Query: {
      warehouses: () => Object.values(WAREHOUSES),
      warehouse: (_, { code }) => where(WAREHOUSES, 'code', code)[0],
    },
    Mutation: {
      restock: (_, { id, count }, { journal }) => ({
        ...receipt(journal, `restock ${id} ${count}`),
        item: row(PRODUCTS, id),
      }),
    },
    Warehouse: {
      items: ({ ref }, { inStock: wanted }) =>
        where(PRODUCTS, 'warehouse', ref).filter((product) => wanted == null || inStock(product) === wanted),
      keeper: ({ keeper }) => where(PERSONS, 'email', keeper)[0],
    },
    Book: { inStock, warehouse, points, bonus: points },
    Film: { inStock, warehouse },
    Edition: { copies: ({ number }) => number * 10 },
  },
  requiring: { Book: { shippingCost }, Film: { shippingCost } },
};
