import { describe, expect, it } from '@jest/globals';
import type { Entity } from './graphql-subgraph.js';
import { testGraph } from './test-graph.js';

const told = (_parent: Entity, args: Entity): string => JSON.stringify(args);

const library = {
  sdl: `
    type Query {
      books(filter: Filter = { limit: 3 }, order: Order! = TITLE, first: Int): String
      anything(value: JSON): String
      book: Book
    }
    type Mutation { lend(input: Loan!): String }
    type Book @key(fields: "id") { id: ID! }
    input Filter { limit: Int  words: [String!]  order: Order = TITLE  not: Filter }
    input Loan { id: ID!  days: Int! = 14 }
    enum Order { TITLE YEAR }
    scalar JSON
  `,
  resolvers: { Query: { books: told, anything: told, book: () => ({ id: 'b1' }) }, Mutation: { lend: told } },
};
const reviews = {
  sdl: `
    type Book @key(fields: "id") { id: ID!  reviews(first: Int = 2, words: [String]): String }
  `,
  resolvers: { Book: { reviews: told } },
  entity: (representation: Entity) => representation,
};

/** What the one field asked for was told, with these variables. */
const heard = async (source: string, variables: Record<string, unknown> = {}): Promise<unknown> => {
  const graph = await testGraph({ library, reviews });
  const { data } = (await graph.ask(source, { variables })) as { data: Record<string, string> };
  return JSON.parse(data.heard!);
};

describe('A variable', () => {
  it('that is sent arrives, wherever in a value it stands', async () => {
    expect(
      await heard(
        'query ($limit: Int, $word: String!, $order: Order) { heard: books(filter: { limit: $limit, words: ["a", $word], not: { order: $order } }) }',
        { limit: 1, word: 'b', order: 'YEAR' },
      ),
    ).toEqual({ filter: { limit: 1, words: ['a', 'b'], order: 'TITLE', not: { order: 'YEAR' } }, order: 'TITLE' });
  });

  it('that is sent as null arrives as null, and one that is not sent does not arrive', async () => {
    const source = 'query ($first: Int, $filter: Filter) { heard: books(filter: $filter, first: $first) }';
    expect(await heard(source, { first: null })).toEqual({
      filter: { limit: 3, order: 'TITLE' },
      order: 'TITLE',
      first: null,
    });
    expect(await heard(source, { filter: null })).toEqual({ filter: null, order: 'TITLE' });
  });

  it('has its own default when it is not sent, before that of the argument', async () => {
    const source = 'query ($order: Order = YEAR, $first: Int = 7) { heard: books(order: $order, first: $first) }';
    expect(await heard(source)).toEqual({ filter: { limit: 3, order: 'TITLE' }, order: 'YEAR', first: 7 });
    expect(await heard(source, { first: null })).toEqual({
      filter: { limit: 3, order: 'TITLE' },
      order: 'YEAR',
      first: null,
    });
  });

  it('may be a single value where a list is wanted', async () => {
    expect(
      await heard('query ($words: [String!]) { heard: books(filter: { words: $words }) }', { words: 'one' }),
    ).toEqual({
      filter: { words: ['one'], order: 'TITLE' },
      order: 'TITLE',
    });
  });

  it('may stand inside a JSON literal', async () => {
    expect(
      await heard('query ($deep: Int, $odd: JSON) { heard: anything(value: { a: [$deep, null], b: $odd }) }', {
        deep: 4,
        odd: { __proto__x: [true] },
      }),
    ).toEqual({ value: { a: [4, null], b: { __proto__x: [true] } } });
  });

  it('of an input object keeps the defaults of its fields', async () => {
    expect(await heard('mutation ($input: Loan!) { heard: lend(input: $input) }', { input: { id: 'b1' } })).toEqual({
      input: { id: 'b1', days: 14 },
    });
  });

  it('reaches the subgraph that joins, and only the variables of its fields do', async () => {
    const graph = await testGraph({ library, reviews });
    expect(
      await graph.ask(
        'query ($first: Int, $word: String, $limit: Int) { book { reviews(first: $first, words: ["x", $word]) } books(filter: { limit: $limit }) }',
        { variables: { first: 5, word: null, limit: 1 } },
      ),
    ).toEqual({
      data: {
        book: { reviews: '{"first":5,"words":["x",null]}' },
        books: '{"filter":{"limit":1,"order":"TITLE"},"order":"TITLE"}',
      },
    });
    expect(Object.keys(graph.requestsTo('library')[0]!.variables ?? {})).toEqual(['limit']);
    expect(JSON.stringify(graph.requestsTo('reviews')[0]!.variables)).not.toContain('limit');
  });

  it('may be called what a gateway calls its own', async () => {
    const graph = await testGraph({ library, reviews });
    expect(
      await graph.ask(
        'query ($representations: Int, $r: [String]) { book { reviews(first: $representations, words: $r) } }',
        {
          variables: { representations: 9, r: ['x', 'x'] },
        },
      ),
    ).toEqual({ data: { book: { reviews: '{"first":9,"words":["x","x"]}' } } });
  });
});
