import { describe, expect, it } from '@jest/globals';
import { testGraph } from './test-graph.js';

const house = {
  sdl: `
    type Query { house: House  houses: [House!]! }
    type House @key(fields: "id") { id: ID!  street: String  rooms: [Room!]! }
    type Room { name: String }
  `,
  resolvers: { Query: { house: () => HOUSE, houses: () => [HOUSE, HOUSE] } },
  entity: () => HOUSE,
};
const HOUSE = { id: 'h1', street: 'High', rooms: [{ name: 'hall' }] };
const taxes = {
  sdl: `
    type House @key(fields: "id") {
      id: ID!
      street: String @external
      tax(year: Int): Int
      notice: String @requires(fields: "street")
    }
  `,
  resolvers: {
    House: {
      tax: (_house: object, { year }: { year?: number }) => year ?? 1,
      notice: ({ street }: { street?: string }) => `to ${street}`,
    },
  },
  entity: (representation: object) => representation,
};

const ask = async (source: string, variables = {}) => {
  const graph = await testGraph({ house, taxes });
  return { answer: await graph.ask(source, { variables }), graph };
};

describe('What is skipped', () => {
  it.each([
    ['a field, literally', '{ house { street tax @skip(if: true) } }', {}],
    ['a field, by a variable', 'query ($no: Boolean!) { house { street tax @include(if: $no) } }', { no: false }],
    ['a field, by a default', 'query ($no: Boolean = false) { house { street tax @include(if: $no) } }', {}],
    ['a fragment', 'query ($no: Boolean!) { house { street ... @include(if: $no) { tax } } }', { no: false }],
    [
      'a named fragment',
      'query ($yes: Boolean!) { house { street ...Tax @skip(if: $yes) } } fragment Tax on House { tax }',
      { yes: true },
    ],
    [
      'by one of two conditions',
      'query ($yes: Boolean!) { house { street tax @include(if: $yes) @skip(if: $yes) } }',
      { yes: true },
    ],
  ])('is neither answered nor asked for: %s', async (_what, source, variables) => {
    const { answer, graph } = await ask(source, variables);
    expect(answer).toEqual({ data: { house: { street: 'High' } } });
    expect(graph.askedSubgraphs).toEqual(['house']);
  });

  it('is answered where another selection of it is not skipped', async () => {
    const source = 'query ($yes: Boolean!) { house { tax @skip(if: $yes) ... { tax } id @include(if: $yes) } }';
    expect((await ask(source, { yes: true })).answer).toEqual({ data: { house: { tax: 1, id: 'h1' } } });
    expect((await ask(source, { yes: false })).answer).toEqual({ data: { house: { tax: 1 } } });
  });

  it('leaves no trace of what it would have required', async () => {
    const source = 'query ($no: Boolean!) { house { notice @include(if: $no) tax } }';
    expect((await ask(source, { no: false })).answer).toEqual({ data: { house: { tax: 1 } } });
    expect((await ask(source, { no: true })).answer).toEqual({ data: { house: { notice: 'to High', tax: 1 } } });
  });

  it('leaves an empty object when it was all that was asked of one, which is still asked for', async () => {
    const source =
      'query ($no: Boolean = false) { house { tax @include(if: $no) } houses { ... @skip(if: true) { id } } }';
    expect((await ask(source)).answer).toEqual({ data: { house: {}, houses: [{}, {}] } });
  });

  it('leaves one also when the object itself has a condition that holds', async () => {
    const source = 'query ($yes: Boolean = true) { houses @include(if: $yes) { id @skip(if: $yes) } }';
    expect((await ask(source)).answer).toEqual({ data: { houses: [{}, {}] } });
  });

  it('may be everything', async () => {
    const { answer, graph } = await ask('query ($no: Boolean!) { house @include(if: $no) { id } }', { no: false });
    expect(answer).toEqual({ data: {} });
    expect(graph.askedSubgraphs).toEqual([]);
  });
});
