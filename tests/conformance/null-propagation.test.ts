import { describe, expect, it } from '@jest/globals';
import { GraphQLError } from 'graphql';
import type { Entity } from './graphql-subgraph.js';
import { testGraph } from './test-graph.js';

const refuse = (): never => {
  throw new GraphQLError('Not this one.', { extensions: { code: 'REFUSED' } });
};
const refusedAt = (path: unknown[], service = 'trees') => ({
  message: 'Not this one.',
  path,
  extensions: { code: 'REFUSED', service },
});
const nullAt = (path: unknown[], field: string) => ({
  message: `Cannot return null for non-nullable field ${field}.`,
  path,
  extensions: { code: 'INTERNAL' },
});

const woods = {
  sdl: `
    type Query { wood: Wood  trees: [Tree]  oaks: [Tree!]  rows: [[Tree!]]  tallest: Tree! }
    type Wood { name: String!  owner: String  heart: Tree!  edge: Tree }
    type Tree @key(fields: "id") { id: ID! }
  `,
  resolvers: {
    Query: {
      wood: () => ({ name: 'Dean', owner: 'nobody', heart: tree('bad'), edge: tree('good') }),
      trees: () => [tree('good'), tree('bad')],
      oaks: () => [tree('good'), tree('bad')],
      rows: () => [[tree('good')], [tree('good'), tree('bad')]],
      tallest: () => tree('bad'),
    },
  },
};
const tree = (id: string) => ({ id });
const trees = {
  sdl: 'type Tree @key(fields: "id") { id: ID!  height: Int!  rings: Int }',
  resolvers: { Tree: { height: ({ id }: Entity) => (id === 'bad' ? refuse() : 3), rings: () => 7 } },
  entity: (representation: Entity) => representation,
};
const graphOf = () => testGraph({ woods, trees });

describe('A null where none is allowed', () => {
  it('makes the nearest place above null that may be, and leaves the rest', async () => {
    const graph = await graphOf();
    expect(await graph.ask('{ trees { id height } wood { owner edge { height } } }')).toEqual({
      data: { trees: [{ id: 'good', height: 3 }, null], wood: { owner: 'nobody', edge: { height: 3 } } },
      errors: [refusedAt(['trees', 1, 'height'])],
    });
  });

  it('travels through objects that may not be null', async () => {
    const graph = await graphOf();
    expect(await graph.ask('{ wood { owner heart { height } } oaks { id } }')).toEqual({
      data: { wood: null, oaks: [{ id: 'good' }, { id: 'bad' }] },
      errors: [refusedAt(['wood', 'heart', 'height'])],
    });
  });

  it('travels through lists whose items may not be null, and stops at one that may', async () => {
    const graph = await graphOf();
    expect(await graph.ask('{ oaks { height } rows { height } }')).toEqual({
      data: { oaks: null, rows: [[{ height: 3 }], null] },
      errors: expect.arrayContaining([refusedAt(['oaks', 1, 'height']), refusedAt(['rows', 1, 1, 'height'])]),
    });
  });

  it('takes the whole answer when nothing above may be null', async () => {
    const graph = await graphOf();
    expect(await graph.ask('{ wood { owner } tallest { height } }')).toEqual({
      data: null,
      errors: [refusedAt(['tallest', 'height'])],
    });
  });

  it('is said to be one where no subgraph said anything', async () => {
    const graph = await testGraph({
      woods,
      trees: { ...trees, entity: ({ id }) => (id === 'bad' ? null : tree('good')) },
    });
    expect(await graph.ask('{ trees { height } wood { heart { height } } }')).toEqual({
      data: { trees: [{ height: 3 }, null], wood: null },
      errors: expect.arrayContaining([
        nullAt(['trees', 1, 'height'], 'Tree.height'),
        nullAt(['wood', 'heart', 'height'], 'Tree.height'),
      ]),
    });
  });

  it('does nothing where it was not asked for', async () => {
    const graph = await graphOf();
    expect(await graph.ask('{ trees { rings } }')).toEqual({ data: { trees: [{ rings: 7 }, { rings: 7 }] } });
  });

  it('counts by the API schema where a subgraph promises more than the other', async () => {
    const graph = await testGraph({
      strict: {
        sdl: 'type Query { leaf: Leaf } type Leaf @key(fields: "id") { id: ID!  colour: String! @shareable  size: Int }',
        resolvers: { Query: { leaf: () => ({ id: '1', size: 2 }) } },
        entity: (representation) => representation,
      },
      lax: {
        sdl: 'type Leaf @key(fields: "id") { id: ID!  colour: String @shareable  age: Int }',
        resolvers: { Leaf: { age: () => 4 } },
        entity: (representation) => representation,
      },
    });
    expect(await graph.ask('{ leaf { size age } }')).toEqual({ data: { leaf: { size: 2, age: 4 } } });
    expect(await graph.ask('{ leaf { size colour } }')).toEqual({
      data: { leaf: null },
      errors: [
        {
          message: expect.any(String),
          path: ['leaf', 'colour'],
          extensions: expect.objectContaining({ code: 'INTERNAL' }),
        },
      ],
    });
  });
});
