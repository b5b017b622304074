import { describe, expect, it } from '@jest/globals';
import { parse } from 'graphql';
import { supergraphOf } from '../../test-support/test-subgraphs.js';
import { readInternalFields } from './internal-fields.js';
import { SupergraphTypes } from './supergraph-types.js';

const LINK = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@external", "@requires", "@provides", "@shareable", "@context", "@fromContext"])\n`;

const internalFields = (subgraphs: Readonly<Record<string, string>>) => {
  const linked = Object.entries(subgraphs).map(([name, sdl]) => [name, LINK + sdl]);
  const types = new SupergraphTypes(parse(supergraphOf(Object.fromEntries(linked))));
  return Object.fromEntries([...readInternalFields(types)].map(([type, fields]) => [type, Object.fromEntries(fields)]));
};

describe('The fields a planner may add', () => {
  it('are those of keys, at every depth', () => {
    expect(
      internalFields({
        users: `type Query { users: [User] }
          type User @key(fields: "login { name realm }") @key(fields: "number") { login: Login!  number: Int!  age: Int }
          type Login { name: String!  realm: String! }`,
      }),
    ).toEqual({ User: { login: false, number: false }, Login: { name: false, realm: false } });
  });

  it('are those of @requires, with the word whether arguments are given', () => {
    expect(
      internalFields({
        a: `type Query { products: [Product] } type Product @key(fields: "upc") { upc: ID!  price(currency: String): Int  size: Size }
          type Size @shareable { weight(unit: String): Int }`,
        b: `type Product @key(fields: "upc") { upc: ID!  price(currency: String): Int @external  size: Size @external
            shipping: Int @requires(fields: "price(currency: \\"EUR\\") size { weight }") } type Size @shareable { weight(unit: String): Int }`,
      }),
    ).toEqual({ Product: { upc: false, price: true, size: false }, Size: { weight: false } });
  });

  it('are those of @fromContext, on every type that gives the context', () => {
    const fields = internalFields({
      a: `type Query { user: User  shop: Shop }
        type User @key(fields: "id") @context(name: "locale") { id: ID!  language: String!  cart: Cart! }
        type Shop @key(fields: "no") @context(name: "locale") { no: ID!  language: String!  cart: Cart! }
        type Cart @key(fields: "id") { id: ID!  total(language: String @fromContext(field: "$locale { language }")): String }`,
    });
    expect(fields).toEqual({
      User: { id: false, language: false },
      Shop: { no: false, language: false },
      Cart: { id: false },
    });
  });

  it('are on every type that shares objects with theirs, and on no other', () => {
    const fields = internalFields({
      a: `type Query { node: Node  hit: Hit  other: Other }
        interface Node { name: String } interface Other { name: String }
        type User implements Node @key(fields: "id") { id: ID!  name: String }
        type Post implements Node & Other { name: String }
        union Hit = User | Post`,
    });
    expect(fields).toEqual({ User: { id: false }, Node: { id: false }, Hit: { id: false } });
  });

  it('are not those of @provides, which are fetched only for who asks', () => {
    const fields = internalFields({
      a: `type Query { top: Product @provides(fields: "name") } type Product @key(fields: "upc") { upc: ID!  name: String @external }`,
      b: `type Product @key(fields: "upc") { upc: ID!  name: String @shareable }`,
    });
    expect(fields).toEqual({ Product: { upc: false } });
  });
});
