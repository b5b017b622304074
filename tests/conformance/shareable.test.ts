import { describe, expect, it } from '@jest/globals';
import type { Entity } from './graphql-subgraph.js';
import { testGraph } from './test-graph.js';

const trips = {
  sdl: `
    type Query { trip: Trip  version: String @shareable }
    type Trip @key(fields: "id") { id: ID!  to: Place  cost: Money @shareable  days: Int }
    type Place @shareable { code: ID! }
    type Money @shareable { amount: Int!  currency: String! }
  `,
  resolvers: {
    Query: { trip: () => TRIP, version: () => 'said by trips' },
    Trip: { to: () => ({ code: 'LON' }), cost: () => ({ amount: 5, currency: 'said by trips' }) },
  },
  entity: () => TRIP,
};
const TRIP = { id: 't1', days: 3 };

const places = {
  sdl: `
    type Query { version: String @shareable }
    type Trip @key(fields: "id") { id: ID!  to: Place @shareable  cost: Money @shareable  guide: String }
    type Place @shareable { code: ID!  name: String }
    type Money @shareable { amount: Int!  currency: String! }
  `,
  resolvers: {
    Query: { version: () => 'said by places' },
    Trip: {
      to: () => ({ code: 'LON', name: 'London' }),
      cost: () => ({ amount: 5, currency: 'said by places' }),
      guide: () => 'Bob',
    },
  },
  entity: ({ id }: Entity) => ({ id }),
};
const shared = { trips: { ...trips, sdl: trips.sdl.replace('to: Place ', 'to: Place @shareable ') }, places };

describe('A field that several subgraphs share', () => {
  it('is answered by the subgraph that is asked anyway', async () => {
    const graph = await testGraph(shared);
    expect(await graph.ask('{ trip { days cost { currency } } }')).toEqual({
      data: { trip: { days: 3, cost: { currency: 'said by trips' } } },
    });
    expect(graph.askedSubgraphs).toEqual(['trips']);
  });

  it('is asked of one subgraph only, even at the root', async () => {
    const graph = await testGraph(shared);
    expect(await graph.ask('{ trip { days } version }')).toEqual({
      data: { trip: { days: 3 }, version: expect.stringMatching(/^said by (trips|places)$/) },
    });
    const versions = ['trips', 'places'].filter((name) => graph.fieldsAskedOf(name).includes('version'));
    expect(versions).toHaveLength(1);
  });

  it('is put together from two subgraphs when each knows a part of its value', async () => {
    const graph = await testGraph(shared);
    expect(await graph.ask('{ trip { days to { code name } guide } }')).toEqual({
      data: { trip: { days: 3, to: { code: 'LON', name: 'London' }, guide: 'Bob' } },
    });
  });
});
