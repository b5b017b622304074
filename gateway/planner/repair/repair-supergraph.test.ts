import { describe, expect, it } from '@jest/globals';
import { supergraphOf } from '../../test-support/test-subgraphs.js';
import { loadApolloPlanner } from '../apollo-planner.js';
import type { FetchNode, PlanNode, QueryPlan } from '../query-plan.js';
import { repairSupergraph } from './repair-supergraph.js';

const LINK = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@external", "@requires", "@shareable", "@interfaceObject"])\n`;

const supergraph = (subgraphs: Readonly<Record<string, string>>): string =>
  supergraphOf(Object.fromEntries(Object.entries(subgraphs).map(([name, sdl]) => [name, LINK + sdl])));

const planOn = (sdl: string, document: string): QueryPlan =>
  loadApolloPlanner(sdl).plan({ document, operationName: null, overrides: {}, conditions: new Map() }).plan;

function fetchesIn(node: QueryPlan['node'] | PlanNode): readonly FetchNode[] {
  switch (node?.kind) {
    case 'Fetch':
      return [node];
    case 'Flatten':
      return fetchesIn(node.node);
    case 'Sequence':
    case 'Parallel':
      return node.nodes.flatMap(fetchesIn);
    default:
      throw new Error(`No "${node?.kind}" was expected.`);
  }
}

const fetches = (sdl: string, document: string) =>
  fetchesIn(planOn(sdl, document).node).map(({ serviceName, operation, requires, inputRewrites, variableUsages }) => ({
    serviceName,
    operation,
    ...(requires && { requires: selectionText(requires) }),
    ...(inputRewrites && { inputRewrites }),
    ...(variableUsages && variableUsages.length > 0 && { variableUsages }),
  }));

const selectionText = (selections: NonNullable<FetchNode['requires']>): string =>
  selections
    .map((selection) =>
      selection.kind === 'Field'
        ? selection.name + (selection.selections ? `{${selectionText(selection.selections)}}` : '')
        : `...on ${selection.typeCondition}{${selectionText(selection.selections)}}`,
    )
    .join(' ');

const renamed = (path: string, renameKeyTo: string) => ({ kind: 'KeyRenamer', path: path.split('/'), renameKeyTo });

const PRODUCTS = `
  type Query { products: [Product] }
  type Product @key(fields: "upc") { upc: ID!  price(currency: String!): Int  weight: Int  category: Category }
  type Category @shareable { rate(of: String!): Int }`;

const SHIPPING = supergraph({
  products: PRODUCTS,
  shipping: `
    type Product @key(fields: "upc") {
      upc: ID!
      weight: Int @external
      price(currency: String!): Int @external
      category: Category @external
      inUSD(express: Boolean): Int @requires(fields: "price(currency: \\"USD\\") weight")
      inEUR(express: Boolean): Int @requires(fields: "price(currency: \\"EUR\\") weight")
      alsoEUR: Int @requires(fields: "price(currency: \\"EUR\\")")
      tax: Int @requires(fields: "category { rate(of: \\"tax\\") }")
      duty: Int @requires(fields: "category { rate(of: \\"duty\\") }")
      free: Boolean
    }
    type Category @shareable { rate(of: String!): Int }`,
});

const entities = (selection: string, variables = '') =>
  `query($representations:[_Any!]!${variables}){_entities(representations:$representations){${selection}}}`;

describe('Two fields that require another one with different arguments', () => {
  it('each get the value that is meant for them, both fetched at once', () => {
    expect(fetches(SHIPPING, '{ products { upc inUSD inEUR alsoEUR free } }')).toEqual([
      {
        serviceName: 'products',
        operation: '{products{__typename upc price__1:price(currency:"EUR")weight price(currency:"USD")}}',
      },
      {
        serviceName: 'shipping',
        operation: entities('...on Product{inUSD free}'),
        requires: '...on Product{__typename upc weight price}',
      },
      {
        serviceName: 'shipping',
        operation: entities('...on Product{inEUR alsoEUR}'),
        requires: '...on Product{__typename upc price__1 weight}',
        inputRewrites: [renamed('... on Product/price__1', 'price')],
      },
    ]);
  });

  it('are fetched side by side, for the same places', () => {
    const { node } = planOn(SHIPPING, '{ products { inUSD inEUR } }');
    expect(node).toMatchObject({
      kind: 'Sequence',
      nodes: [
        { kind: 'Fetch' },
        {
          kind: 'Parallel',
          nodes: [
            { kind: 'Flatten', path: ['products', '@'], node: { kind: 'Fetch' } },
            { kind: 'Flatten', path: ['products', '@'], node: { kind: 'Fetch' } },
          ],
        },
      ],
    });
  });

  it('take one fetch where only one of them is asked for', () => {
    expect(fetches(SHIPPING, '{ products { inEUR } }').slice(1)).toEqual([
      {
        serviceName: 'shipping',
        operation: entities('...on Product{inEUR}'),
        requires: '...on Product{__typename upc price__1 weight}',
        inputRewrites: [renamed('... on Product/price__1', 'price')],
      },
    ]);
  });

  it('each send the variables they use', () => {
    const document = 'query ($usd: Boolean, $eur: Boolean) { products { inUSD(express: $usd) inEUR(express: $eur) } }';
    expect(fetches(SHIPPING, document).slice(1)).toMatchObject([
      { operation: entities('...on Product{inUSD(express:$usd)}', '$usd:Boolean'), variableUsages: ['usd'] },
      { operation: entities('...on Product{inEUR(express:$eur)}', '$eur:Boolean'), variableUsages: ['eur'] },
    ]);
  });

  it('are told apart below another field as well', () => {
    expect(fetches(SHIPPING, '{ products { tax duty } }')).toEqual([
      {
        serviceName: 'products',
        operation: '{products{__typename upc category{rate__1:rate(of:"duty")rate(of:"tax")}}}',
      },
      {
        serviceName: 'shipping',
        operation: entities('...on Product{tax}'),
        requires: '...on Product{__typename upc category{rate}}',
      },
      {
        serviceName: 'shipping',
        operation: entities('...on Product{duty}'),
        requires: '...on Product{__typename upc category{rate__1}}',
        inputRewrites: [renamed('... on Product/category/rate__1', 'rate')],
      },
    ]);
  });

  it('may be of different subgraphs', () => {
    const sdl = supergraph({
      products: PRODUCTS,
      american: `type Product @key(fields: "upc") { upc: ID!  price(currency: String!): Int @external  usd: Int @requires(fields: "price(currency: \\"USD\\")") }`,
      european: `type Product @key(fields: "upc") { upc: ID!  price(currency: String!): Int @external  eur: Int @requires(fields: "price(currency: \\"EUR\\")") }`,
    });
    expect(fetches(sdl, '{ products { usd eur } }')).toEqual([
      {
        serviceName: 'products',
        operation: '{products{__typename upc price(currency:"USD")price__1:price(currency:"EUR")}}',
      },
      {
        serviceName: 'european',
        operation: entities('...on Product{eur}'),
        requires: '...on Product{__typename upc price__1}',
        inputRewrites: [renamed('... on Product/price__1', 'price')],
      },
      {
        serviceName: 'american',
        operation: entities('...on Product{usd}'),
        requires: '...on Product{__typename upc price}',
      },
    ]);
  });

  it('may require it of an interface, for every type that implements it', () => {
    const sdl = supergraph({
      owners: `
        type Query { owners: [Owner] }
        type Owner @key(fields: "id") { id: ID!  pet: Pet }
        interface Pet { name(of: String!): String }
        type Cat implements Pet @shareable { name(of: String!): String  lives: Int }
        type Dog implements Pet @shareable { name(of: String!): String }`,
      tags: `
        type Owner @key(fields: "id") {
          id: ID!
          pet: Pet @external
          tag: String @requires(fields: "pet { name(of: \\"tag\\") }")
          call: String @requires(fields: "pet { name(of: \\"call\\") }")
        }
        interface Pet { name(of: String!): String }
        type Cat implements Pet @shareable { name(of: String!): String }
        type Dog implements Pet @shareable { name(of: String!): String }`,
    });
    const [first, ...others] = fetches(sdl, '{ owners { tag call pet { ... on Cat { lives } } } }');
    expect(first!.operation).toContain('pet{__typename name__1:name(of:"call")name(of:"tag")');
    expect(others).toMatchObject([
      { operation: entities('...on Owner{tag}'), requires: '...on Owner{__typename id pet{name}}' },
      {
        operation: entities('...on Owner{call}'),
        requires: '...on Owner{__typename id pet{name__1}}',
        inputRewrites: [renamed('... on Owner/pet/name__1', 'name')],
      },
    ]);
  });
});

describe('A subgraph that is returned to for a required field', () => {
  it('is asked by a key that it resolves', () => {
    const sdl = supergraph({
      names: `type Person @key(fields: "id") { id: ID!  name: String }`,
      greetings: `
        type Query { people: [Person] }
        type Person @key(fields: "email", resolvable: false) @key(fields: "id") {
          email: String!  id: ID!  name: String @external  greeting: String @requires(fields: "name")
        }`,
    });
    expect(fetches(sdl, '{ people { greeting } }').at(-1)).toEqual({
      serviceName: 'greetings',
      operation: entities('...on Person{greeting}'),
      requires: '...on Person{__typename name id}',
    });
  });
});

describe('A supergraph in which nothing is to repair', () => {
  const sdl = supergraph({ products: PRODUCTS });

  it('is loaded as it is', () => {
    expect(repairSupergraph(sdl)).toMatchObject({ sdl, addsFields: false });
  });

  it('keeps its plans', () => {
    const plan: QueryPlan = { kind: 'QueryPlan' };
    expect(repairSupergraph(sdl).repairPlan(plan)).toBe(plan);
  });
});

describe('A repaired supergraph', () => {
  it('keeps the plans that need none of it', () => {
    const { node } = planOn(SHIPPING, '{ products { upc free } }');
    const plan: QueryPlan = { kind: 'QueryPlan', ...(node && { node }) };
    expect(repairSupergraph(SHIPPING).repairPlan(plan)).toBe(plan);
  });

  it('is as the planner wants it: repairing it again changes nothing', () => {
    const { sdl, addsFields } = repairSupergraph(SHIPPING);
    expect(addsFields).toBe(true);
    expect(repairSupergraph(sdl)).toMatchObject({ sdl, addsFields: false });
  });

  it('tells which names the client must not use for something else', () => {
    const fields = repairSupergraph(SHIPPING).internalFields.get('Product')!;
    expect(Object.fromEntries(fields)).toEqual({
      upc: false,
      price: true,
      price__1: false,
      weight: false,
      category: false,
    });
  });
});
