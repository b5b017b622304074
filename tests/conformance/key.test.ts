import { describe, expect, it } from '@jest/globals';
import type { Entity } from './graphql-subgraph.js';
import { byId, testGraph } from './test-graph.js';

const users = {
  sdl: `
    type Query { me: User  users: [User!]! }
    type User @key(fields: "id") { id: ID!  name: String  friends: [User!] }
  `,
  resolvers: {
    Query: { me: () => ADA, users: () => [ADA, BOB, ADA] },
    User: { friends: () => [BOB, ADA] },
  },
  entity: (representation: Entity) => byId([ADA, BOB], representation),
};
const ADA = { id: 'ada', name: 'Ada' };
const BOB = { id: 'bob', name: 'Bob' };

const posts = {
  sdl: `
    type Query { posts: [Post!]! }
    type Post { text: String!  author: User! }
    type User @key(fields: "id") { id: ID!  posts: [Post!]! }
  `,
  resolvers: {
    Query: { posts: () => [{ text: 'one', author: { id: 'ada' } }] },
    User: { posts: ({ id }: Entity) => [{ text: `by ${id}`, author: { id } }] },
  },
  entity: (representation: Entity) => representation,
};

describe('An entity', () => {
  it('is joined by its key, in both directions', async () => {
    const graph = await testGraph({ users, posts });
    expect(await graph.ask('{ me { name posts { text author { name } } } posts { author { name } } }')).toEqual({
      data: {
        me: { name: 'Ada', posts: [{ text: 'by ada', author: { name: 'Ada' } }] },
        posts: [{ author: { name: 'Ada' } }],
      },
    });
  });

  it('is asked for once, in however many places it stands', async () => {
    const graph = await testGraph({ users, posts });
    expect(await graph.ask('{ users { posts { text } friends { posts { text } } } }')).toEqual({
      data: {
        users: ['ada', 'bob', 'ada'].map((id) => ({
          posts: [{ text: `by ${id}` }],
          friends: [{ posts: [{ text: 'by bob' }] }, { posts: [{ text: 'by ada' }] }],
        })),
      },
    });
    const asked = graph.representationsTo('posts').map(({ id }) => id);
    expect(asked.filter((id) => id === 'ada').length).toBeLessThanOrEqual(2); // once for each of the two fetches
  });

  it('keeps its key from a client who calls another field by that name', async () => {
    const graph = await testGraph({ users, posts });
    expect(await graph.ask('{ me { id: name posts { text } __typename: name } }')).toEqual({
      data: { me: { id: 'Ada', posts: [{ text: 'by ada' }], __typename: 'Ada' } },
    });
  });

  it('is not asked for when a subgraph has nothing to join', async () => {
    const graph = await testGraph({ users: { ...users, resolvers: { Query: { me: () => null } } }, posts });
    expect(await graph.ask('{ me { posts { text } } }')).toEqual({ data: { me: null } });
    expect(graph.askedSubgraphs).toEqual(['users']);
  });

  it('is null where its subgraph does not know it', async () => {
    const graph = await testGraph({ users: { ...users, entity: () => null }, posts });
    expect(await graph.ask('{ posts { text author { name } } }')).toEqual({
      data: { posts: [{ text: 'one', author: { name: null } }] },
    });
  });
});

describe('A key', () => {
  it('may be compound and nested, and travels whole', async () => {
    const graph = await testGraph({
      rooms: {
        sdl: `
          type Query { room: Room }
          type Room @key(fields: "number building { street { name } }") { number: Int!  building: Building! }
          type Building { street: Street! }
          type Street { name: String!  length: Int }
        `,
        resolvers: { Query: { room: () => ({ number: 7, building: { street: { name: 'High', length: 3 } } }) } },
        entity: (representation) => representation,
      },
      bookings: {
        sdl: `
          type Room @key(fields: "number building { street { name } }") { number: Int!  building: Building!  booked: Boolean }
          type Building { street: Street! }
          type Street { name: String! }
        `,
        resolvers: { Room: { booked: () => true } },
        entity: (representation) => representation,
      },
    });
    expect(await graph.ask('{ room { booked } }')).toEqual({ data: { room: { booked: true } } });
    expect(graph.representationsTo('bookings')).toEqual([
      { __typename: 'Room', number: 7, building: { street: { name: 'High' } } },
    ]);
  });

  it('may lead through a third subgraph that knows both keys', async () => {
    const graph = await testGraph({
      mail: {
        sdl: `type Query { sender: Person } type Person @key(fields: "email") { email: String! }`,
        resolvers: { Query: { sender: () => ({ email: 'ada@test' }) } },
        entity: (representation) => representation,
      },
      people: {
        sdl: `type Person @key(fields: "email") @key(fields: "id") { email: String!  id: ID! }`,
        entity: () => ({ id: 'ada', email: 'ada@test' }),
      },
      wages: {
        sdl: `type Person @key(fields: "id") { id: ID!  wage: Int }`,
        entity: ({ id }) => ({ id, wage: 10 }),
      },
    });
    expect(await graph.ask('{ sender { wage } }')).toEqual({ data: { sender: { wage: 10 } } });
    expect(graph.askedSubgraphs).toEqual(['mail', 'people', 'wages']);
    expect(graph.representationsTo('wages')).toEqual([{ __typename: 'Person', id: 'ada' }]);
  });

  it('that is not resolvable in a subgraph is never sent there', async () => {
    const graph = await testGraph({
      users,
      likes: {
        sdl: `
          type Query { liked: User }
          type User @key(fields: "id", resolvable: false) { id: ID! }
        `,
        resolvers: { Query: { liked: () => ({ id: 'bob' }) } },
      },
    });
    expect(await graph.ask('{ liked { id name } me { name } }')).toEqual({
      data: { liked: { id: 'bob', name: 'Bob' }, me: { name: 'Ada' } },
    });
    expect(graph.askedSubgraphs.filter((name) => name === 'likes')).toHaveLength(1);
  });
});
