import { describe, expect, it } from '@jest/globals';
import { BadUserInput, SubgraphUnreachable } from '@inevitable/contract';
import { GraphQLError } from 'graphql';
import type { Entity } from './graphql-subgraph.js';
import { testGraph } from './test-graph.js';

const SHOPS = [
  { id: 's1', staff: [{ id: 'ada' }, { id: 'bob' }] },
  { id: 's2', staff: [{ id: 'ada' }] },
];
const shops = {
  sdl: `
    type Query { shops: [Shop!]!  owner: Person }
    type Shop { id: ID!  staff: [Person!] }
    type Person @key(fields: "id") { id: ID!  team: String }
  `,
  resolvers: {
    Query: { shops: () => SHOPS, owner: () => ({ id: 'ada' }) },
    Person: { team: ({ id }: Entity) => `team of ${id}` },
  },
  entity: (representation: Entity) => representation,
};

const wages = (wage: (person: Entity) => unknown) => ({
  sdl: `
    type Person @key(fields: "id") {
      id: ID!
      team: String @external
      wage: Int
      bonus: Int @requires(fields: "team")
      title: String
    }
  `,
  resolvers: { Person: { wage, title: () => 'Dr', bonus: () => 1 } },
  entity: (representation: Entity) => representation,
});
const refuse = (code: string) => (): never => {
  throw new GraphQLError('No.', { extensions: { code, detail: 'kept', stacktrace: ['secret.ts:1'] } });
};
const failingFor = (id: string, fail: () => never) => wages((person) => (person.id === id ? fail() : 10));

describe('An error of a subgraph', () => {
  it('stands at the place of the client’s operation, in every place the entity has', async () => {
    const graph = await testGraph({ shops, wages: failingFor('ada', refuse('NO_WAGE')) });
    const at = (path: unknown[]) => ({
      message: 'No.',
      path,
      extensions: { code: 'NO_WAGE', detail: 'kept', service: 'wages' },
    });
    const answer = (await graph.ask('{ all: shops { people: staff { paid: wage } } owner { wage } }')) as Entity;
    expect(answer.data).toEqual({
      all: [{ people: [{ paid: null }, { paid: 10 }] }, { people: [{ paid: null }] }],
      owner: { wage: null },
    });
    expect(answer.errors).toHaveLength(3);
    expect(answer.errors).toEqual(
      expect.arrayContaining([
        at(['all', 0, 'people', 0, 'paid']),
        at(['all', 1, 'people', 0, 'paid']),
        at(['owner', 'wage']),
      ]),
    );
  });

  it('that is for the caller is passed on with its code and details, and nothing internal', async () => {
    const graph = await testGraph({
      shops,
      wages: failingFor('ada', () => {
        throw new BadUserInput('Too much.', 'input.amount');
      }),
    });
    expect(await graph.ask('{ owner { wage title } }')).toEqual({
      data: { owner: { wage: null, title: 'Dr' } },
      errors: [
        {
          message: 'Too much.',
          path: ['owner', 'wage'],
          extensions: { code: 'BAD_USER_INPUT', field: 'input.amount', service: 'wages' },
        },
      ],
    });
  });

  it('that is a crash is masked', async () => {
    const graph = await testGraph({
      shops,
      wages: failingFor('ada', () => {
        throw new Error('password=hunter2');
      }),
    });
    expect(await graph.ask('{ owner { wage } }')).toEqual({
      data: { owner: { wage: null } },
      errors: [
        {
          message: 'Something failed on our side.',
          path: ['owner', 'wage'],
          extensions: { code: 'INTERNAL', service: 'wages' },
        },
      ],
    });
  });
});

describe('A fetch that fails as a whole', () => {
  const unreachable = {
    ...wages(() => 1),
    execute: () => Promise.reject(new SubgraphUnreachable('wages', new Error('ECONNREFUSED'))),
  };
  const at = (path: unknown[]) => ({
    message: 'A part of the stack did not answer.',
    path,
    extensions: { code: 'SUBGRAPH_UNREACHABLE', service: 'wages' },
  });

  it('is an error at every field it was for', async () => {
    const graph = await testGraph({ shops, wages: unreachable });
    const answer = (await graph.ask('{ owner { id wage name: title } shops { staff { wage } } }')) as Entity;
    expect(answer.data).toEqual({
      owner: { id: 'ada', wage: null, name: null },
      shops: [{ staff: [{ wage: null }, { wage: null }] }, { staff: [{ wage: null }] }],
    });
    expect(answer.errors).toHaveLength(5);
    expect(answer.errors).toEqual(
      expect.arrayContaining([
        at(['owner', 'wage']),
        at(['owner', 'name']),
        at(['shops', 0, 'staff', 0, 'wage']),
        at(['shops', 0, 'staff', 1, 'wage']),
        at(['shops', 1, 'staff', 0, 'wage']),
      ]),
    );
  });

  it('is an error at the object when it was for a field the client did not ask for', async () => {
    const graph = await testGraph({
      shops: {
        ...shops,
        sdl: shops.sdl.replace('  team: String', ''),
        resolvers: { Query: shops.resolvers.Query },
      },
      teams: {
        sdl: 'type Person @key(fields: "id") { id: ID!  team: String }',
        entity: (representation) => representation,
        execute: () => Promise.reject(new SubgraphUnreachable('teams', null)),
      },
      wages: wages(() => 1),
    });
    expect(await graph.ask('{ owner { bonus } }')).toEqual({
      data: { owner: { bonus: null } },
      errors: [{ ...at(['owner']), extensions: { code: 'SUBGRAPH_UNREACHABLE', service: 'teams' } }],
    });
  });

  it('says nothing of federation’s own fields', async () => {
    const graph = await testGraph({
      shops,
      wages: {
        ...wages(() => 1),
        execute: async () => ({ errors: [new GraphQLError('Cannot query field "x" on type "_Entity".')] }),
      },
    });
    const answer = await graph.ask('{ owner { wage } }');
    expect(answer).toEqual({
      data: { owner: { wage: null } },
      errors: [
        {
          message: 'Something failed on our side.',
          path: ['owner', 'wage'],
          extensions: { code: 'INTERNAL', service: 'wages' },
        },
      ],
    });
  });
});
