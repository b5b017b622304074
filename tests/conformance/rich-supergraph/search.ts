import type { Entity } from '../graphql-subgraph.js';
import { CATEGORIES, PERSONS, PRODUCTS, STUDIOS } from './data.js';
import type { RichSubgraph } from './rich-subgraph.js';

const HITS = [
  PRODUCTS.b1,
  PRODUCTS.f1,
  PRODUCTS.b3,
  PERSONS.ada,
  PERSONS.bob,
  CATEGORIES.novel,
  STUDIOS.ghibli,
] as Entity[];
const score = ({ ref }: Entity): number => ref.length / 2;

const kindOf = ({ __typename }: Entity): string => __typename.toUpperCase();

/** Finds everything, and knows nothing of it but the key it would be filed under. */
export const search: RichSubgraph = {
  name: 'search',
  sdl: `
    type Query {
      search(text: String = "", options: SearchOptions = { first: 4 }): [SearchHit!]!
      suggest(words: [[String!]!]!): [[String]]
      echo(value: JSON): JSON
    }
    input SearchOptions { first: Int = 7  kinds: [HitKind!]  not: SearchOptions }
    enum HitKind { BOOK FILM PERSON CATEGORY STUDIO }
    scalar JSON
    union SearchHit = Book | Film | Person | Category | Studio

    type Book @key(fields: "barcode") { barcode: String! @inaccessible  score: Float }
    type Film @key(fields: "barcode") { barcode: String! @inaccessible  score: Float }
    type Person @key(fields: "email") { email: String!  mentions: Int }
    type Category @key(fields: "slug") { slug: ID!  name: String! @shareable  hits: Int! }
    type Studio @key(fields: "name country { code }", resolvable: false) { name: String!  country: Country! }
    type Country @shareable { code: ID! }
  `,
  answers: {
    Query: {
      search: (_, { text, options }) => {
        const { first, kinds, not } = options ?? {};
        return HITS.filter(({ title, name }) => (title ?? name).includes(text ?? ''))
          .filter((hit) => (kinds == null || kinds.includes(kindOf(hit))) && !not?.kinds?.includes(kindOf(hit)))
          .slice(0, first ?? undefined);
      },
      suggest: (_, { words }) => words.map((some: string[]) => [...some, null]),
      echo: (_, { value }) => value ?? null,
    },
    Book: { score },
    Film: { score },
    Person: { mentions: ({ email }) => email?.length },
    Category: { hits: ({ slug }) => slug.length },
  },
};
