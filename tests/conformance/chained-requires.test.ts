import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { PlanningFailed } from '../../gateway/planner/planner.js';
import { differences } from './compare-answers.js';
import { engineOverSubgraphs } from './engines/engine-over-subgraphs.js';
import type { EngineUnderTest, Operation } from './engines/engine-under-test.js';
import { loadEngine } from './engines/load-engine.js';
import { oracleOf } from './engines/oracle.js';
import type { Entity } from './graphql-subgraph.js';
import { fullSupergraph } from './rich-supergraph/rich-supergraph.js';
import { testGraph } from './test-graph.js';

const HALL = { id: 'h1', rooms: 3 };
/** Knows halls, and the first of what everything else is worked out from. */
const places = {
  sdl: `
    type Query { hall: Hall }
    type Hall @key(fields: "id") { id: ID!  rooms: Int }
  `,
  resolvers: { Query: { hall: () => HALL } },
  entity: ({ id }: Entity) => ({ ...HALL, id }),
};

/** `cleaning` is required by `costs`, and requires itself; operations begin here too. */
const cleaning = (more: { readonly sdl?: string; readonly onHall?: string; readonly implementing?: string } = {}) => ({
  sdl: `
    type Query { hallToClean: Hall  hallsToClean: [Hall!]! }
    type Hall ${more.implementing ?? ''} @key(fields: "id") {
      id: ID!
      rooms: Int @external
      cleaning(by: Cleaning): Cleaned @requires(fields: "rooms")
      cleanedOn: String
      ${more.onHall ?? ''}
    }
    input Cleaning { how: How! = WET }
    enum How { WET DRY }
    type Cleaned { hours: Int!  how: How!  by: Firm  of: [Thing!]! }
    type Firm @key(fields: "name") { name: String!  halls: [Hall!]!  phone: String }
    type Brush { length: Int! }
    union Thing = Brush | Firm
    ${more.sdl ?? ''}
  `,
  resolvers: {
    Query: { hallToClean: () => ({ id: 'h1' }), hallsToClean: () => [{ id: 'h1' }, { id: 'h2' }] },
    Hall: {
      cleaning: ({ rooms }: Entity, { by }: Entity) => ({
        hours: rooms * 2,
        how: by?.how ?? 'DRY',
        by: FIRM,
        of: [FIRM, { __typename: 'Brush', length: 4 }],
      }),
      cleanedOn: () => 'Monday',
    },
  },
  entity: (representation: Entity) => ({ ...FIRM, ...representation }),
});
const FIRM = { __typename: 'Firm', name: 'Mop & Sons', phone: '12', halls: [{ id: 'h1' }] };

const costs = {
  sdl: `
    type Hall @key(fields: "id") {
      id: ID!
      cleaning(by: Cleaning): Cleaned @external
      cost: Int @requires(fields: "cleaning(by: { how: DRY }) { hours how }")
    }
    input Cleaning { how: How! = WET }
    enum How { WET DRY }
    type Cleaned { hours: Int! @external  how: How! @external }
  `,
  resolvers: { Hall: { cost: ({ cleaning: { hours, how } }: Entity) => hours * (how === 'DRY' ? 10 : 20) } },
  entity: (representation: Entity) => representation,
};

describe('A field that requires one that requires another', () => {
  it('is answered from wherever the operation begins', async () => {
    const graph = await testGraph({ places, cleaning: cleaning(), costs });
    expect(await graph.ask('{ hall { cost } }')).toEqual({ data: { hall: { cost: 60 } } });
    expect(await graph.ask('{ hallToClean { cost } }')).toEqual({ data: { hallToClean: { cost: 60 } } });
    expect(await graph.ask('{ hallsToClean { cleanedOn cost id } }')).toEqual({
      data: {
        hallsToClean: [
          { cleanedOn: 'Monday', cost: 60, id: 'h1' },
          { cleanedOn: 'Monday', cost: 60, id: 'h2' },
        ],
      },
    });
  });

  it('leaves to the client what it asks for of the one between, with its own arguments', async () => {
    const graph = await testGraph({ places, cleaning: cleaning(), costs });
    expect(
      await graph.ask(
        `query ($how: How!) {
          hallToClean {
            cleaning(by: { how: $how }) { how by { name phone halls { id cleanedOn } } of { ... on Brush { length } ... on Firm { phone } } }
            cost
          }
        }`,
        { variables: { how: 'WET' } },
      ),
    ).toEqual({
      data: {
        hallToClean: {
          cleaning: {
            how: 'WET',
            by: { name: 'Mop & Sons', phone: '12', halls: [{ id: 'h1', cleanedOn: 'Monday' }] },
            of: [{ phone: '12' }, { length: 4 }],
          },
          cost: 60,
        },
      },
    });
  });

  it('may be one of several in a row, to and fro between two subgraphs', async () => {
    const graph = await testGraph({
      places: {
        ...places,
        sdl: `
          type Query { hall: Hall }
          type Hall @key(fields: "id") {
            id: ID!
            one: Int
            two: Int @external
            three: Int @requires(fields: "two")
            four: Int @external
            five: Int @requires(fields: "four")
          }
        `,
        resolvers: {
          Query: { hall: () => ({ id: 'h1' }) },
          Hall: { one: () => 1, three: ({ two }: Entity) => two + 1, five: ({ four }: Entity) => four + 1 },
        },
        entity: (representation: Entity) => representation,
      },
      counting: {
        sdl: `
          type Query { counted: [Hall!]! }
          type Hall @key(fields: "id") {
            id: ID!
            one: Int @external
            two: Int @requires(fields: "one")
            three: Int @external
            four: Int @requires(fields: "three")
          }
        `,
        resolvers: {
          Query: { counted: () => [{ id: 'h1' }] },
          Hall: { two: ({ one }: Entity) => one + 1, four: ({ three }: Entity) => three + 1 },
        },
        entity: (representation: Entity) => representation,
      },
    });
    expect(await graph.ask('{ hall { five } counted { five two } }')).toEqual({
      data: { hall: { five: 5 }, counted: [{ five: 5, two: 2 }] },
    });
  });

  it('is refused, and nobody is asked, where an interface keeps the one between in its place', async () => {
    const interfaces = {
      sdl: 'interface Cleanable { cleaning(by: Cleaning): Cleaned }',
      implementing: 'implements Cleanable',
    };
    const graph = await testGraph({ places, cleaning: cleaning(interfaces), costs });
    expect(await graph.ask('{ hall { cost } }')).toEqual({ data: { hall: { cost: 60 } } });
    await expect(graph.ask('{ hallToClean { cost } }')).rejects.toThrow(PlanningFailed);
    expect(graph.askedSubgraphs).toEqual([]);
  });
});

describe('Any operation on such fields', () => {
  const supergraph = fullSupergraph();
  let ours: EngineUnderTest;
  beforeAll(async () => {
    ours = await engineOverSubgraphs('our engine', loadEngine, supergraph, 'in process');
  });
  afterAll(() => ours.close());

  const SELECTIONS = [
    'total',
    'thrice: total(times: 3)',
    'shippingCost { amount }',
    'express: shippingCost(express: true) { currency }',
    'price { amount currency }',
    'weight',
    'size { height width }',
    'inStock',
    'total @include(if: $on)',
    '... @skip(if: $on) { id often: total(times: 9) }',
    '__typename',
    'warehouse { code items(inStock: true) { ... on Film { total } } }',
  ];
  const ROOTS = [
    'warehouses { items { __typename X } }',
    'warehouse { items(inStock: true) { X } keeper { email } }',
    'deals { of { X } }',
  ];
  const selections = fc.subarray(SELECTIONS, { minLength: 1 }).map((all) => all.join(' '));
  const operations = fc
    .record({ root: fc.constantFrom(...ROOTS), book: selections, film: selections, on: fc.boolean() })
    .map(({ root, book, film, on }): Operation => {
      const text = root.replace('X', `... on Book { ${book} } ... on Film { ${film} }`);
      const isConditional = text.includes('$on');
      return {
        source: isConditional ? `query ($on: Boolean!) { ${text} }` : `{ ${text} }`,
        operationName: null,
        variables: isConditional ? { on } : {},
      };
    });

  it('is answered as the merged schema in one piece answers it', async () => {
    const oracle = oracleOf(supergraph);
    await fc.assert(
      fc.asyncProperty(operations, async (operation) => {
        const [answer, everyError] = [await oracle.run(operation, []), await oracle.everyError(operation, [])];
        const actual = await ours.run(operation, []);
        expect(differences({ answer, everyError }, actual)).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });
});
