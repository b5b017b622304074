import { describe, expect, it } from '@jest/globals';
import type { Entity } from './graphql-subgraph.js';
import { testGraph } from './test-graph.js';

const CAT = { __typename: 'Cat', id: 'c1', name: 'Tom', lives: 9 };
const DOG = { __typename: 'Dog', id: 'd1', name: 'Rex', tricks: ['sit'] };

const animals = {
  sdl: `
    type Query { animals: [Animal]!  pets: [[Pet]]  favourite(kind: String!): Pet }
    interface Animal { id: ID!  name: String }
    interface Trained { tricks: [String!] }
    union Pet = Cat | Dog
    type Cat implements Animal @key(fields: "id") { id: ID!  name: String  lives: Int }
    type Dog implements Animal & Trained @key(fields: "id") { id: ID!  name: String  tricks: [String!] }
  `,
  resolvers: {
    Query: {
      animals: () => [CAT, null, DOG],
      pets: () => [[DOG, null], null, [], [CAT]],
      favourite: (_: Entity, { kind }: Entity) => (kind === 'cat' ? CAT : DOG),
    },
  },
  entity: ({ __typename }: Entity) => (__typename === 'Cat' ? CAT : DOG),
};
const vets = {
  sdl: `
    type Query { patient: Patient }
    union Patient = Cat | Dog
    interface Treated { visits: Int }
    type Cat implements Treated @key(fields: "id") { id: ID!  visits: Int }
    type Dog implements Treated @key(fields: "id") { id: ID!  visits: Int  chip: String }
  `,
  resolvers: {
    Query: { patient: () => ({ __typename: 'Cat', id: 'c1' }) },
    Cat: { visits: () => 1 },
    Dog: { visits: () => 2, chip: () => 'X1' },
  },
  entity: (representation: Entity) => representation,
};

describe('A fragment on an abstract type', () => {
  it('gives each object what was asked of its type, from wherever it is', async () => {
    const graph = await testGraph({ animals, vets });
    expect(
      await graph.ask('{ animals { __typename name ... on Cat { lives visits } ... on Dog { tricks chip } } }'),
    ).toEqual({
      data: {
        animals: [
          { __typename: 'Cat', name: 'Tom', lives: 9, visits: 1 },
          null,
          { __typename: 'Dog', name: 'Rex', tricks: ['sit'], chip: 'X1' },
        ],
      },
    });
    expect(graph.representationsTo('vets')).toEqual([
      { __typename: 'Cat', id: 'c1' },
      { __typename: 'Dog', id: 'd1' },
    ]);
  });

  it('may be on an interface that the subgraph of the place does not know', async () => {
    const graph = await testGraph({ animals, vets });
    expect(await graph.ask('{ animals { ... on Treated { visits } } }')).toEqual({
      data: { animals: [{ visits: 1 }, null, { visits: 2 }] },
    });
  });

  it('may nest: only what every condition admits is answered', async () => {
    const graph = await testGraph({ animals, vets });
    expect(
      await graph.ask(`
        { pets { ... on Animal { ... on Trained { ... on Dog { name } ... on Treated { visits } } ... on Cat { id } } } }
      `),
    ).toEqual({ data: { pets: [[{ name: 'Rex', visits: 2 }, null], null, [], [{ id: 'c1' }]] } });
  });

  it('leaves an empty object where nothing was asked of the type', async () => {
    const graph = await testGraph({ animals, vets });
    expect(await graph.ask('{ patient { ... on Dog { chip } } animals { ... on Dog { chip } } }')).toEqual({
      data: { patient: {}, animals: [{}, null, { chip: 'X1' }] },
    });
  });

  it('merges with others that select the same field', async () => {
    const graph = await testGraph({ animals, vets });
    expect(
      await graph.ask(`
        query { favourite(kind: "dog") { ...Named ... on Dog { name visits } ...Named } patient { ...Named } }
        fragment Named on Animal { a: name ... on Treated { visits } }
      `),
    ).toEqual({
      data: { favourite: { a: 'Rex', visits: 2, name: 'Rex' }, patient: { a: 'Tom', visits: 1 } },
    });
  });

  it('lets exclusive types answer different fields under one name', async () => {
    const graph = await testGraph({ animals, vets });
    expect(
      await graph.ask('{ animals { ... on Cat { x: name n: visits } ... on Dog { x: chip n: visits } } }'),
    ).toEqual({
      data: { animals: [{ x: 'Tom', n: 1 }, null, { x: 'X1', n: 2 }] },
    });
  });
});

describe('__typename', () => {
  it('is the object’s type, under whatever name and however often it is asked for', async () => {
    const graph = await testGraph({ animals, vets });
    expect(await graph.ask('{ patient { a: __typename ... on Cat { __typename id: __typename visits } } }')).toEqual({
      data: { patient: { a: 'Cat', __typename: 'Cat', id: 'Cat', visits: 1 } },
    });
  });

  it('stands where the operation has it', async () => {
    const graph = await testGraph({ animals, vets });
    const answer = await graph.ask('{ animals { name __typename id } __typename pets { __typename } }');
    expect(JSON.stringify(answer)).toBe(
      '{"data":{"animals":[{"name":"Tom","__typename":"Cat","id":"c1"},null,{"name":"Rex","__typename":"Dog","id":"d1"}],' +
        '"__typename":"Query","pets":[[{"__typename":"Dog"},null],null,[],[{"__typename":"Cat"}]]}}',
    );
  });
});
