import type { Args, Entity } from '../graphql-subgraph.js';
import { CATEGORIES, edition, PERSONS, PRODUCTS, row, rows, STUDIOS, where } from './data.js';
import type { RichSubgraph } from './rich-subgraph.js';

const CM_PER_INCH = 2.54;
const inUnit = (cm: number, { unit }: Args): number => (unit === 'INCH' ? Math.round(cm / CM_PER_INCH) : cm);

const fits = (product: Entity, { kinds, text, size }: Args): boolean =>
  (kinds == null || kinds.includes(product.__typename.toUpperCase())) &&
  (text == null || product.title.includes(text)) &&
  (size?.above == null || (product.size?.height ?? 0) > size.above);

const contributor = (ref: string) => row(PERSONS, ref) ?? row(STUDIOS, ref);

/** Owns the products: an interface that is an entity, three keys, one of which nobody outside may see. */
export const catalog: RichSubgraph = {
  name: 'catalog',
  sdl: `
    type Query {
      product(id: ID!): Product
      products(filter: ProductFilter, first: Int = 3): [Product!]!
      bookByIsbn(isbn: String! = "111"): Book
      shelves(length: Int! = 2): [[Product]!]
      works: [Work!]
      categories(slugs: [ID!]): [Category]!
      version: Version! @shareable
    }
    type Mutation {
      rename(id: ID!, title: String = "Untitled"): Receipt
    }
    type Receipt @shareable { number: Int!  what: String }
    type Version @shareable { major: Int!  label: String }

    enum Kind { BOOK FILM }
    enum Unit { CM INCH }
    enum Language { EN FR }
    scalar JSON
    input ProductFilter { kinds: [Kind!] = [BOOK, FILM]  text: String  size: SizeFilter }
    input SizeFilter { above: Float = 0 }

    interface Product @key(fields: "id") {
      id: ID!
      title: String!
      subtitle: String
      tags(prefix: String = ""): [String!]
      category: Category
      weight: Float
      size: Size
    }
    interface Work { title: String!  price: Money }
    interface Named { name: String! }
    type Size { height(unit: Unit! = CM): Float!  width(unit: Unit = INCH): Float! }
    type Money @shareable { amount: Float!  currency: String! }

    type Book implements Product & Work @key(fields: "id") @key(fields: "isbn") @key(fields: "barcode") {
      id: ID!
      isbn: String!
      barcode: String! @inaccessible
      title: String!
      subtitle: String
      tags(prefix: String = ""): [String!]
      category: Category
      weight: Float
      size: Size
      price: Money
      pages: Int
      author: Person
      contributors: [Contributor!]!
      sequel: Book
      editions(languages: [Language!] = [EN, FR]): [Edition!]
    }
    type Film implements Product & Work @key(fields: "id") @key(fields: "barcode") {
      id: ID!
      barcode: String! @inaccessible
      title: String!
      subtitle: String
      tags(prefix: String = ""): [String!]
      category: Category
      weight: Float
      size: Size
      price: Money
      minutes: Int!
      director: Person!
      cast: [[Person]!]
      studio: Studio
      metadata: JSON
    }
    type Edition @key(fields: "number book { id }") { number: Int!  book: Book!  language: Language }
    union Contributor = Person | Studio
    type Person @key(fields: "id") { id: ID!  works: [Work!]! }
    type Studio @key(fields: "name country { code }") { name: String!  country: Country!  films: [Film!] }
    type Country @shareable { code: ID! }
    type Category implements Named @key(fields: "slug") {
      slug: ID!
      name: String! @shareable
      parent: Category
      products(first: Int): [Product!]!
    }
  `,
  overridden: ['Book.price', 'Film.price'],
  answers: {
    Query: {
      product: (_, { id }) => row(PRODUCTS, id),
      products: (_, { filter, first }) =>
        Object.values(PRODUCTS)
          .filter((product) => fits(product, filter ?? {}))
          .slice(0, first ?? undefined),
      bookByIsbn: (_, { isbn }) => where(PRODUCTS, 'isbn', isbn)[0] ?? null,
      shelves: (_, { length }) => [rows(PRODUCTS, ['b1', null, 'f1', 'b3']).slice(0, length), [], [PRODUCTS['f2']]],
      works: () => rows(PRODUCTS, ['f2', 'b1']),
      categories: (_, { slugs }) => rows(CATEGORIES, slugs ?? ['novel', 'none']),
      version: () => ({ major: 2, label: null }),
    },
    Mutation: {
      rename: (_, { id, title }, { journal }) => receipt(journal, `rename ${id} ${title}`),
    },
    Product: {
      tags: ({ tags }, { prefix }) => tags?.filter((tag: string) => tag.startsWith(prefix ?? '')),
      category: ({ category }) => row(CATEGORIES, category),
    },
    Size: {
      height: ({ height }, args) => inUnit(height, args),
      width: ({ width }, args) => inUnit(width, args),
    },
    Book: {
      author: ({ author }) => row(PERSONS, author),
      contributors: ({ contributors }) => contributors.map(contributor),
      sequel: ({ sequel }) => row(PRODUCTS, sequel),
      editions: (book, { languages }) =>
        book.editions
          ?.map((number: number) => edition(book, number))
          .filter(({ language }: Entity) => languages === null || languages.includes(language)),
    },
    Film: {
      director: ({ director }) => row(PERSONS, director),
      cast: ({ cast }) => cast?.map((some: string[] | null) => rows(PERSONS, some ?? [])),
      studio: ({ studio }) => row(STUDIOS, studio),
    },
    Person: {
      works: ({ ref }) => [...where(PRODUCTS, 'author', ref), ...where(PRODUCTS, 'director', ref)],
    },
    Studio: {
      films: ({ ref }) => where(PRODUCTS, 'studio', ref),
    },
    Category: {
      parent: ({ parent }) => row(CATEGORIES, parent),
      products: ({ slug }, { first }) => where(PRODUCTS, 'category', slug).slice(0, first ?? undefined),
    },
  },
};

/** What a mutation answers: the how-manieth of this operation it was, which shows the order. */
export function receipt(journal: string[], what: string): Entity {
  journal.push(what);
  return { number: journal.length, what };
}

/** `size` as `stock` requires it. */
export const sizeInCm = ({ size }: Entity) =>
  size && { height: inUnit(size.height, { unit: 'CM' }), width: inUnit(size.width, { unit: 'CM' }) };
