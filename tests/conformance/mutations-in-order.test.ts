import { beforeEach, describe, expect, it } from '@jest/globals';
import { GraphQLError } from 'graphql';
import type { Entity } from './graphql-subgraph.js';
import { testGraph } from './test-graph.js';

/** What happened, in order, in whichever subgraph. */
let journal: string[];
beforeEach(() => {
  journal = [];
});

const happened = (what: string): number => journal.push(what);
const orders = {
  sdl: `
    type Query { order: Order }
    type Mutation { order(item: String!): Order  cancel(id: ID!): Int }
    type Order @key(fields: "id") { id: ID!  item: String }
  `,
  resolvers: {
    Mutation: {
      order: (_: Entity, { item }: Entity) => ({ id: happened(`order ${item}`), item }),
      cancel: (_: Entity, { id }: Entity) => happened(`cancel ${id}`),
    },
  },
  entity: (representation: Entity) => representation,
};
const payments = {
  sdl: `
    type Mutation { pay(amount: Int!): Int  refund: Int! }
    type Order @key(fields: "id") { id: ID!  paid: Boolean }
  `,
  resolvers: {
    Mutation: {
      pay: (_: Entity, { amount }: Entity) => {
        if (amount < 0) throw new GraphQLError('Not so.', { extensions: { code: 'NEGATIVE' } });
        return happened(`pay ${amount}`);
      },
      refund: () => {
        throw new GraphQLError('Never.', { extensions: { code: 'NEVER' } });
      },
    },
    Order: { paid: ({ id }: Entity) => Number(id) > 1 },
  },
  entity: (representation: Entity) => representation,
};
const graphOf = () => testGraph({ orders, payments });

describe('The fields of a mutation', () => {
  it('happen one after another, across subgraphs', async () => {
    const graph = await graphOf();
    expect(
      await graph.ask(
        'mutation { a: pay(amount: 1) order(item: "x") { id } b: pay(amount: 2) cancel(id: "1") c: pay(amount: 3) }',
      ),
    ).toEqual({ data: { a: 1, order: { id: '2' }, b: 3, cancel: 4, c: 5 } });
    expect(journal).toEqual(['pay 1', 'order x', 'pay 2', 'cancel 1', 'pay 3']);
  });

  it('happen in the order of the document when fragments carry them', async () => {
    const graph = await graphOf();
    expect(
      await graph.ask(`
        mutation { ...First ... { pay(amount: 1) } __typename }
        fragment First on Mutation { ... { __typename } order(item: "x") { id __typename } }
      `),
    ).toEqual({ data: { __typename: 'Mutation', order: { id: '1', __typename: 'Order' }, pay: 2 } });
    expect(journal).toEqual(['order x', 'pay 1']);
  });

  it('happen once each, and are joined behind', async () => {
    const graph = await graphOf();
    expect(
      await graph.ask(
        'mutation { one: order(item: "x") { item paid } two: order(item: "y") { paid id } pay(amount: 1) }',
      ),
    ).toEqual({ data: { one: { item: 'x', paid: false }, two: { paid: true, id: '2' }, pay: 3 } });
    expect(journal).toEqual(['order x', 'order y', 'pay 1']);
  });

  it('go on after one that failed', async () => {
    const graph = await graphOf();
    expect(await graph.ask('mutation { a: pay(amount: 1) b: pay(amount: -1) order(item: "x") { id } }')).toEqual({
      data: { a: 1, b: null, order: { id: '2' } },
      errors: [{ message: 'Not so.', path: ['b'], extensions: { code: 'NEGATIVE', service: 'payments' } }],
    });
  });

  it('that are skipped do not happen', async () => {
    const graph = await graphOf();
    const source =
      'mutation ($no: Boolean!) { pay(amount: 1) @include(if: $no) ... @skip(if: true) { cancel(id: 1) } order(item: "x") { id } }';
    expect(await graph.ask(source, { variables: { no: false } })).toEqual({ data: { order: { id: '1' } } });
    expect(journal).toEqual(['order x']);
  });

  it('of another operation in the document do not happen', async () => {
    const graph = await graphOf();
    const source =
      'mutation Pay { pay(amount: 1) } mutation Order { order(item: "x") { id } } query Look { __typename }';
    expect(await graph.ask(source, { operationName: 'Pay' })).toEqual({ data: { pay: 1 } });
    expect(journal).toEqual(['pay 1']);
  });

  it('make the whole answer null when one fails that may not be null', async () => {
    const graph = await graphOf();
    expect(await graph.ask('mutation { pay(amount: 1) refund }')).toEqual({
      data: null,
      errors: [{ message: 'Never.', path: ['refund'], extensions: { code: 'NEVER', service: 'payments' } }],
    });
    expect(journal).toEqual(['pay 1']);
  });
});
