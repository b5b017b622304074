import { describe, expect, it } from '@jest/globals';
import type { Entity } from './graphql-subgraph.js';
import { testGraph } from './test-graph.js';

/** What a line costs depends on the currency of the shop it is seen in. */
const shops = {
  sdl: `
    type Query { shops: [Shop!]! }
    type Shop @key(fields: "id") @context(name: "shop") {
      id: ID!
      currency: String
      lines: [Line!]!
      branches: [Shop!]
    }
    type Line @key(fields: "id") {
      id: ID!
      cost(times: Int = 1, currency: String @fromContext(field: "$shop { currency }")): String
      part: Part
    }
    type Part @key(fields: "id") {
      id: ID!
      label(currency: String @fromContext(field: "$shop { currency }")): String
    }
  `,
  resolvers: {
    Query: { shops: () => SHOPS },
    Line: {
      cost: ({ id }: Entity, { times, currency }: Entity) => `${id} ${times} ${currency}`,
      part: ({ id }: Entity) => ({ id: `part of ${id}` }),
    },
    Part: { label: ({ id }: Entity, { currency }: Entity) => `${id} in ${currency}` },
  },
  entity: ({ __typename, id }: Entity) => (__typename === 'Shop' ? SHOPS.find((shop) => shop.id === id) : { id }),
};
const BRANCH = { id: 's3', currency: 'USD', lines: [{ id: 'l1' }], branches: null };
const SHOPS: Entity[] = [
  { id: 's1', currency: 'EUR', lines: [{ id: 'l1' }, { id: 'l2' }], branches: [BRANCH] },
  { id: 's2', currency: 'JPY', lines: [{ id: 'l1' }], branches: [] },
  { id: 's4', currency: null, lines: [{ id: 'l3' }], branches: [] },
];

describe('An argument with @fromContext', () => {
  it('takes the value of the ancestor, which the client neither sends nor sees', async () => {
    const graph = await testGraph({ shops });
    expect(await graph.ask('{ shops { id lines { cost(times: 2) } } }')).toEqual({
      data: {
        shops: [
          { id: 's1', lines: [{ cost: 'l1 2 EUR' }, { cost: 'l2 2 EUR' }] },
          { id: 's2', lines: [{ cost: 'l1 2 JPY' }] },
          { id: 's4', lines: [{ cost: 'l3 2 null' }] },
        ],
      },
    });
  });

  it('tells one entity in two contexts apart', async () => {
    const graph = await testGraph({ shops });
    expect(await graph.ask('{ shops { lines { id cost } } }')).toEqual({
      data: {
        shops: [
          {
            lines: [
              { id: 'l1', cost: 'l1 1 EUR' },
              { id: 'l2', cost: 'l2 1 EUR' },
            ],
          },
          { lines: [{ id: 'l1', cost: 'l1 1 JPY' }] },
          { lines: [{ id: 'l3', cost: 'l3 1 null' }] },
        ],
      },
    });
  });

  it('takes the nearest ancestor', async () => {
    const graph = await testGraph({ shops });
    expect(await graph.ask('{ shops { branches { lines { cost } } lines { cost } } }')).toEqual({
      data: {
        shops: [
          { branches: [{ lines: [{ cost: 'l1 1 USD' }] }], lines: [{ cost: 'l1 1 EUR' }, { cost: 'l2 1 EUR' }] },
          { branches: [], lines: [{ cost: 'l1 1 JPY' }] },
          { branches: [], lines: [{ cost: 'l3 1 null' }] },
        ],
      },
    });
  });

  it('reaches further than one level down', async () => {
    const graph = await testGraph({ shops });
    expect(await graph.ask('{ shops { lines { part { label } } } }')).toEqual({
      data: {
        shops: [
          { lines: [{ part: { label: 'part of l1 in EUR' } }, { part: { label: 'part of l2 in EUR' } }] },
          { lines: [{ part: { label: 'part of l1 in JPY' } }] },
          { lines: [{ part: { label: 'part of l3 in null' } }] },
        ],
      },
    });
  });

  it('takes the value from another subgraph where the ancestor has it there', async () => {
    const graph = await testGraph({
      shops: {
        ...shops,
        sdl: shops.sdl.replace('      currency: String\n', '      currency: String @external\n'),
      },
      currencies: {
        sdl: 'type Shop @key(fields: "id") { id: ID!  currency: String }',
        resolvers: { Shop: { currency: ({ id }: Entity) => `currency of ${id}` } },
        entity: (representation) => representation,
      },
    });
    expect(await graph.ask('{ shops { lines { cost } } }')).toEqual({
      data: {
        shops: [
          { lines: [{ cost: 'l1 1 currency of s1' }, { cost: 'l2 1 currency of s1' }] },
          { lines: [{ cost: 'l1 1 currency of s2' }] },
          { lines: [{ cost: 'l3 1 currency of s4' }] },
        ],
      },
    });
  });

  it('is not disturbed by a client who calls another field by the name of the value', async () => {
    const graph = await testGraph({ shops });
    expect(await graph.ask('{ shops { currency: id lines { cost currency: id } } }')).toEqual({
      data: {
        shops: [
          {
            currency: 's1',
            lines: [
              { cost: 'l1 1 EUR', currency: 'l1' },
              { cost: 'l2 1 EUR', currency: 'l2' },
            ],
          },
          { currency: 's2', lines: [{ cost: 'l1 1 JPY', currency: 'l1' }] },
          { currency: 's4', lines: [{ cost: 'l3 1 null', currency: 'l3' }] },
        ],
      },
    });
  });
});
