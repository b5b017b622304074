import { PERSONS, PRODUCTS, row, rows, STUDIOS, where } from './data.js';
import type { RichSubgraph } from './rich-subgraph.js';

/** Owns persons and studios. It alone can say that somebody does not exist. */
export const people: RichSubgraph = {
  name: 'people',
  sdl: `
    type Query {
      me: Person
      people(ids: [ID!]!): [Person]!
      person(by: PersonBy! = { id: "bob" }): Person
      everybody: [Named!]!
      version: Version! @shareable
    }
    type Version @shareable { major: Int!  label: String }
    scalar Date
    input PersonBy { id: ID  email: String  born: Date }

    interface Named { name: String! }
    type Person implements Named @key(fields: "id") @key(fields: "email") {
      id: ID!
      email: String!
      name: String! @shareable
      nick: String
      born: Date
      friends(first: Int): [Person!]
      address: Address
      likes: [Liked]
    }
    union Liked = Person | Book | Film
    type Book @key(fields: "id", resolvable: false) { id: ID! }
    type Film @key(fields: "id", resolvable: false) { id: ID! }
    type Address { street: String!  city: String  country: Country }
    type Country @shareable { code: ID!  name: String }
    type Studio implements Named @key(fields: "name country { code }") {
      name: String!
      country: Country!
      founded: Int
      head: Person
    }
  `,
  authorityOn: ['Person'],
  answers: {
    Query: {
      me: () => row(PERSONS, 'ada'),
      people: (_, { ids }) => ids.map((id: string) => (id === 'gone' ? null : row(PERSONS, id))),
      person: (_, { by: { id, email, born } }) => {
        if (id != null) return id === 'gone' ? null : row(PERSONS, id);
        if (email != null) return where(PERSONS, 'email', email)[0];
        return born != null ? where(PERSONS, 'born', born)[0] : null;
      },
      everybody: () => [...rows(PERSONS, ['ada', 'cyd']), ...Object.values(STUDIOS)],
      version: () => ({ major: 2, label: null }),
    },
    Person: {
      friends: ({ friends }, { first }) => friends && rows(PERSONS, friends).slice(0, first ?? undefined),
      likes: ({ likes }) => likes?.map((ref: string) => row(PERSONS, ref) ?? row(PRODUCTS, ref)),
    },
    Studio: { head: ({ head }) => row(PERSONS, head) },
  },
};
