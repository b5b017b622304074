import { describe, expect, it } from '@jest/globals';
import { parse, validate } from 'graphql';
import { testGraph } from './test-graph.js';

const wares = {
  sdl: `
    type Query { ware(secret: Int @inaccessible): Ware  hidden: Int @inaccessible  state: State }
    type Ware @key(fields: "code") { code: ID! @inaccessible  name: String  maker: Maker @inaccessible }
    type Maker @inaccessible { name: String }
    enum State { OPEN  CLOSED @inaccessible }
  `,
  resolvers: { Query: { ware: () => ({ code: 'w1', name: 'Chair' }), state: () => 'CLOSED' } },
  entity: () => ({ code: 'w1', name: 'Chair' }),
};
const prices = {
  sdl: `type Ware @key(fields: "code") { code: ID! @inaccessible  price: Int }`,
  resolvers: { Ware: { price: () => 5 } },
  entity: (representation: object) => representation,
};

describe('What is @inaccessible', () => {
  it('serves as a key although no client sees it', async () => {
    const graph = await testGraph({ wares, prices });
    expect(await graph.ask('{ ware { name price } }')).toEqual({ data: { ware: { name: 'Chair', price: 5 } } });
    expect(graph.representationsTo('prices')).toEqual([{ __typename: 'Ware', code: 'w1' }]);
  });

  it.each([
    ['field', '{ ware { code } }'],
    ['root field', '{ hidden }'],
    ['argument', '{ ware(secret: 1) { name } }'],
    ['type', 'query ($state: State) { ware { ... on Maker { name } } }'],
  ])('cannot be asked for: a %s', async (_what, source) => {
    const { schema } = await testGraph({ wares, prices });
    expect(validate(schema, parse(source))).not.toEqual([]);
  });

  it('is not in the introspection', async () => {
    const graph = await testGraph({ wares, prices });
    expect(
      await graph.ask(
        '{ ware: __type(name: "Ware") { fields { name } } maker: __type(name: "Maker") { name } state: __type(name: "State") { enumValues { name } } }',
      ),
    ).toEqual({
      data: {
        ware: { fields: [{ name: 'price' }, { name: 'name' }] },
        maker: null,
        state: { enumValues: [{ name: 'OPEN' }] },
      },
    });
  });

  it('does not slip out as the value of an enum', async () => {
    const graph = await testGraph({ wares, prices });
    const answer = (await graph.ask('{ state }')) as { data: unknown };
    expect(answer.data).toEqual({ state: null });
    expect(JSON.stringify(answer)).not.toContain('CLOSED');
  });
});
