import { describe, expect, it } from '@jest/globals';
import { testGraph } from './test-graph.js';

const people = {
  sdl: `
    type Query { me: Person }
    type Person @key(fields: "id") { id: ID!  name: String @shareable  address: Address @shareable  age: Int }
    type Address { city: String @shareable  street: String }
  `,
  resolvers: { Query: { me: () => ADA } },
  entity: () => ADA,
};
const ADA = { id: 'ada', name: 'Ada', address: { city: 'London', street: 'Square' }, age: 36 };

const reviews = {
  sdl: `
    type Query {
      latest: [Review!]! @provides(fields: "author { name }")
      best: Review
    }
    type Review @key(fields: "id") {
      id: ID!
      author: Person
      signer: Person @provides(fields: "name address { city }")
    }
    type Person @key(fields: "id") { id: ID!  name: String @external  address: Address @external }
    type Address { city: String @external }
  `,
  resolvers: { Query: { latest: () => [REVIEW], best: () => REVIEW } },
  entity: () => REVIEW,
};
// As the reviews know her: where "said by reviews" shows, they were asked.
const AUTHOR = { id: 'ada', name: 'said by reviews', address: { city: 'said by reviews' } };
const REVIEW = { id: 'r1', author: AUTHOR, signer: AUTHOR };

describe('A field that is provided', () => {
  it('is answered on that path without asking its owner', async () => {
    const graph = await testGraph({ people, reviews });
    expect(await graph.ask('{ best { signer { name address { city } } } }')).toEqual({
      data: { best: { signer: { name: 'said by reviews', address: { city: 'said by reviews' } } } },
    });
    expect(graph.askedSubgraphs).toEqual(['reviews']);
  });

  it('is answered by its owner on every other path', async () => {
    const graph = await testGraph({ people, reviews });
    expect(await graph.ask('{ best { author { name } signer { name } } }')).toEqual({
      data: { best: { author: { name: 'Ada' }, signer: { name: 'said by reviews' } } },
    });
    expect(graph.askedSubgraphs).toEqual(['reviews', 'people']);
  });

  it('may be provided from further up', async () => {
    const graph = await testGraph({ people, reviews });
    expect(await graph.ask('{ latest { author { name } } }')).toEqual({
      data: { latest: [{ author: { name: 'said by reviews' } }] },
    });
    expect(graph.askedSubgraphs).toEqual(['reviews']);
  });

  it('stands beside fields that only the owner has', async () => {
    const graph = await testGraph({ people, reviews });
    expect(await graph.ask('{ best { signer { name age address { street } } } }')).toEqual({
      data: { best: { signer: { name: expect.any(String), age: 36, address: { street: 'Square' } } } },
    });
    expect(graph.fieldsAskedOf('people')).toEqual(expect.arrayContaining(['address', 'age', 'street']));
  });
});
