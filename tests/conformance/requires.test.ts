import { describe, expect, it } from '@jest/globals';
import { SubgraphUnreachable } from '@inevitable/contract';
import type { Entity } from './graphql-subgraph.js';
import { testGraph } from './test-graph.js';

const PARCEL = {
  id: 'p1',
  weight: 3,
  fragile: null,
  size: { height: 2, sides: [{ length: 4 }, { length: 5 }] },
  comments: ['a', 'b', 'c', 'd'],
};
const goods = {
  sdl: `
    type Query { parcel: Parcel  parcels: [Parcel!]! }
    type Parcel @key(fields: "id") {
      id: ID!
      weight: Int
      fragile: Boolean
      size: Size
      comments(limit: Int): [String!]
    }
    type Size { height: Int  sides: [Side!]! }
    type Side { length: Int  colour: String }
  `,
  resolvers: {
    Query: { parcel: () => PARCEL, parcels: () => [PARCEL, { ...PARCEL, id: 'p2', weight: null }] },
    Parcel: { comments: ({ comments }: Entity, { limit }: Entity) => comments.slice(0, limit) },
  },
  entity: ({ id }: Entity) => ({ ...PARCEL, id }),
};
const shipping = {
  sdl: `
    type Query { sent: Parcel }
    type Parcel @key(fields: "id") {
      id: ID!
      weight: Int @external
      fragile: Boolean @external
      size: Size @external
      comments(limit: Int): [String!] @external
      price(perKilo: Int = 2): Int @requires(fields: "weight")
      insurance: String @requires(fields: "fragile")
      girth: Int @requires(fields: "size { height sides { length } }")
      digest: String @requires(fields: "comments(limit: 3)")
      carrier: String
    }
    type Size { height: Int @external  sides: [Side!]! @external }
    type Side { length: Int @external }
  `,
  resolvers: {
    Query: { sent: () => ({ id: 'p1' }) },
    Parcel: {
      price: ({ weight }: Entity, { perKilo }: Entity) => (weight === null ? -1 : weight * perKilo),
      insurance: ({ fragile }: Entity) => String(fragile),
      girth: ({ size }: Entity) => size.sides.reduce((sum: number, { length }: Entity) => sum + length, size.height),
      digest: ({ comments }: Entity) => comments.join(),
      carrier: () => 'mule',
    },
  },
  entity: (representation: Entity) => representation,
};

describe('A field with @requires', () => {
  it('gets the required field before it is asked', async () => {
    const graph = await testGraph({ goods, shipping });
    expect(await graph.ask('{ parcel { price } }')).toEqual({ data: { parcel: { price: 6 } } });
    expect(graph.askedSubgraphs).toEqual(['goods', 'shipping']);
    expect(graph.representationsTo('shipping')).toEqual([{ __typename: 'Parcel', id: 'p1', weight: 3 }]);
  });

  it('gets it also where the operation begins in its own subgraph', async () => {
    const graph = await testGraph({ goods, shipping });
    expect(await graph.ask('{ sent { price(perKilo: 5) carrier } }')).toEqual({
      data: { sent: { price: 15, carrier: 'mule' } },
    });
    expect(graph.askedSubgraphs).toEqual(['shipping', 'goods', 'shipping']);
  });

  it('shows the client nothing of what was required', async () => {
    const graph = await testGraph({ goods, shipping });
    expect(await graph.ask('{ parcel { girth } }')).toEqual({ data: { parcel: { girth: 11 } } });
    expect(graph.representationsTo('shipping')).toEqual([
      { __typename: 'Parcel', id: 'p1', size: { height: 2, sides: [{ length: 4 }, { length: 5 }] } },
    ]);
  });

  it('is asked with null where the required field is null', async () => {
    const graph = await testGraph({ goods, shipping });
    expect(await graph.ask('{ parcel { insurance } parcels { price } }')).toEqual({
      data: { parcel: { insurance: 'null' }, parcels: [{ price: 6 }, { price: -1 }] },
    });
  });

  it('gets its own arguments of the required field, and the client theirs', async () => {
    const graph = await testGraph({ goods, shipping });
    expect(await graph.ask('{ parcel { comments(limit: 1) digest all: comments } }')).toEqual({
      data: { parcel: { comments: ['a'], digest: 'a,b,c', all: ['a', 'b', 'c', 'd'] } },
    });
  });

  it('gets the required field although the client calls another field by that name', async () => {
    const graph = await testGraph({ goods, shipping });
    expect(await graph.ask('{ parcel { weight: fragile price size { sides: height } girth } }')).toEqual({
      data: { parcel: { weight: null, price: 6, size: { sides: 2 }, girth: 11 } },
    });
  });

  it('may require a field that itself requires one', async () => {
    const graph = await testGraph({
      goods,
      shipping,
      billing: {
        sdl: `
          type Parcel @key(fields: "id") {
            id: ID!
            price(perKilo: Int = 2): Int @external
            invoice: String @requires(fields: "price(perKilo: 10)")
          }
        `,
        resolvers: { Parcel: { invoice: ({ price }) => `${price} EUR` } },
        entity: (representation) => representation,
      },
    });
    expect(await graph.ask('{ parcel { invoice price } }')).toEqual({
      data: { parcel: { invoice: '30 EUR', price: 6 } },
    });
    // In the subgraph of `price` on the way, where there is no weight to tell it by.
    expect(await graph.ask('{ sent { carrier invoice } }')).toEqual({
      data: { sent: { carrier: 'mule', invoice: '30 EUR' } },
    });
    expect(graph.askedSubgraphs).toEqual(['shipping', 'goods', 'shipping', 'billing']);
    expect(graph.representationsTo('shipping')).toEqual([{ __typename: 'Parcel', id: 'p1', weight: 3 }]);
  });

  it('is null when what it requires could not be had, and the rest is answered', async () => {
    const unreachable = { execute: () => Promise.reject(new SubgraphUnreachable('goods', null)) };
    const graph = await testGraph({ goods: { ...goods, ...unreachable }, shipping });
    expect(await graph.ask('{ sent { carrier price } }')).toEqual({
      data: { sent: { carrier: 'mule', price: null } },
      errors: [
        {
          message: 'A part of the stack did not answer.',
          path: ['sent'],
          extensions: { code: 'SUBGRAPH_UNREACHABLE', service: 'goods' },
        },
      ],
    });
    expect(graph.askedSubgraphs.filter((name) => name === 'shipping')).toHaveLength(1);
  });

  it('does not take other fields with it when the client skips it', async () => {
    const graph = await testGraph({ goods, shipping });
    expect(
      await graph.ask('query ($skip: Boolean!) { parcel { price @skip(if: $skip) carrier } }', {
        variables: { skip: true },
      }),
    ).toEqual({ data: { parcel: { carrier: 'mule' } } });
    expect(graph.fieldsAskedOf('goods')).not.toContain('comments');
  });
});
