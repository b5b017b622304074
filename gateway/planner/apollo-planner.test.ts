import { describe, expect, it } from '@jest/globals';
import { buildSchema, printSchema } from 'graphql';
import { supergraphOf, TEST_SUPERGRAPH } from '../test-support/test-subgraphs.js';
import { apolloReason, loadApolloPlanner } from './apollo-planner.js';
import type { PlanRequest } from './planner.js';

const link = (...imports: string[]) =>
  `extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ${JSON.stringify(['@key', ...imports])})\n`;

const planner = loadApolloPlanner(
  supergraphOf({
    accounts: `${link('@authenticated')}
      "What can be read."
      type Query { me: User  old: Int @deprecated(reason: "Ask me.")  secret: String @authenticated }
      type Mutation { do: Done }
      type Subscription { moved: User }
      type Done { query: Query }
      type User @key(fields: "id") { id: ID!  name: String  city: String }`,
    profiles: `${link('@override')}
      type Query { z: Int }
      type User @key(fields: "id") {
        id: ID!
        name: String @override(from: "accounts", label: "percent(20)")
        city: String @override(from: "accounts", label: "new-city")
        age: Int
      }`,
  }),
);

function whyNot(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    return apolloReason(error);
  }
  throw new Error('It was not refused.');
}

const request = (document: string, changes: Partial<PlanRequest> = {}): PlanRequest => ({
  document,
  operationName: null,
  overrides: {},
  conditions: new Map(),
  ...changes,
});
const plan = (document: string, changes?: Partial<PlanRequest>) => planner.plan(request(document, changes)).plan;
const fetch = (serviceName: string, operation: string, more: object = {}) => ({
  kind: 'Fetch',
  serviceName,
  operation,
  operationKind: 'query',
  variableUsages: [],
  ...more,
});
const ofUser = {
  requires: [
    {
      kind: 'InlineFragment',
      typeCondition: 'User',
      selections: [
        { kind: 'Field', name: '__typename' },
        { kind: 'Field', name: 'id' },
      ],
    },
  ],
};
const entities = (fields: string) =>
  `query($representations:[_Any!]!){_entities(representations:$representations){...on User{${fields}}}}`;

describe('A loaded supergraph', () => {
  it('says what clients may ask, with descriptions, deprecations and @defer', () => {
    const { apiSdl } = planner.supergraph;
    expect(apiSdl).toContain('"""What can be read."""\ntype Query {');
    expect(apiSdl).toContain('old: Int @deprecated(reason: "Ask me.")');
    expect(apiSdl).toContain(
      'directive @defer(label: String, if: Boolean! = true) on FRAGMENT_SPREAD | INLINE_FRAGMENT',
    );
    expect(apiSdl).not.toContain('join__');
    expect(printSchema(buildSchema(apiSdl))).toBe(apiSdl);
  });

  it('names each override label once, sorted', () => {
    expect(planner.supergraph.overrideLabels).toEqual(['new-city', 'percent(20)']);
    expect(loadApolloPlanner(TEST_SUPERGRAPH).supergraph.overrideLabels).toEqual([]);
  });

  it.each([
    ['type Query { a: Int }', 'Invalid supergraph: must be a core schema'],
    ['type Query { a: Int', 'Syntax Error: Expected Name, found <EOF>.'],
    [TEST_SUPERGRAPH.replace('type Note', 'type Other'), 'Unknown type Note'],
    [
      TEST_SUPERGRAPH.replace(
        'schema\n',
        'schema @link(url: "https://specs.example.test/unheard/v1.0", for: SECURITY)\n',
      ),
      'feature https://specs.example.test/unheard/v1.0 is for: SECURITY but is unsupported',
    ],
  ])('is refused with the reason when it is none, or means what we do not know (%#)', (sdl, reason) => {
    expect(whyNot(() => loadApolloPlanner(sdl))).toBe(reason);
  });
});

describe('A plan', () => {
  it('fetches what one subgraph knows, then the rest by key', () => {
    expect(plan('{ me { id age } }')).toEqual({
      kind: 'QueryPlan',
      node: {
        kind: 'Sequence',
        nodes: [
          fetch('accounts', '{me{__typename id}}'),
          { kind: 'Flatten', path: ['me'], node: fetch('profiles', entities('age'), ofUser) },
        ],
      },
    });
  });

  it('takes the new side of an override only when its label says so', () => {
    const old = { kind: 'QueryPlan', node: fetch('accounts', '{me{name}}') };
    expect(plan('{ me { name } }')).toEqual(old);
    expect(plan('{ me { name } }', { overrides: { 'percent(20)': false, 'new-city': true } })).toEqual(old);
    expect(plan('{ me { name } }', { overrides: { 'percent(20)': true, 'new-city': false } })).toEqual({
      kind: 'QueryPlan',
      node: {
        kind: 'Sequence',
        nodes: [
          fetch('accounts', '{me{__typename id}}'),
          { kind: 'Flatten', path: ['me'], node: fetch('profiles', entities('name'), ofUser) },
        ],
      },
    });
  });

  it('names its fetches after the operation', () => {
    expect(plan('query B { z }', { operationName: 'B' })).toEqual({
      kind: 'QueryPlan',
      node: fetch('profiles', 'query B__profiles__0{z}', { operationName: 'B__profiles__0' }),
    });
  });

  it.each([
    '{ __typename }',
    '{ __schema { types { name } } }',
    'query ($b: Boolean!) { ... on Query @include(if: $b) { __schema { types { name } } } a: __typename }',
    '{ ...F } fragment F on Query { __type(name: "User") { name } __typename }',
    'mutation { __typename }',
  ])('has no node when no subgraph is needed: %s', (document) => {
    expect(plan(document)).toEqual({ kind: 'QueryPlan' });
  });

  it('is not disturbed by introspection beside other fields, under conditions or below them', () => {
    const me = { kind: 'QueryPlan', node: fetch('accounts', '{me{id}}') };
    expect(plan('query ($n: String!) { __type(name: $n) { name } me { id } }')).toEqual(me);
    expect(plan('query ($b: Boolean!) { ... @skip(if: $b) { __schema { types { name } } } me { id } }')).toEqual(me);
    expect(plan('mutation { do { query { __schema { types { name } } } } }')).toEqual({
      kind: 'QueryPlan',
      node: fetch('accounts', 'mutation{do{query{__typename}}}', { operationKind: 'mutation' }),
    });
  });

  it('says which parts are deferred, and on what they depend', () => {
    expect(plan('{ me { id ... @defer(label: "later") { age } } }')).toEqual({
      kind: 'QueryPlan',
      node: {
        kind: 'Defer',
        primary: { subselection: '{ me { id } }', node: fetch('accounts', '{me{__typename id}}', { id: '0' }) },
        deferred: [
          {
            depends: [{ id: '0' }],
            label: 'later',
            queryPath: ['me'],
            subselection: '{ age }',
            node: { kind: 'Flatten', path: ['me'], node: fetch('profiles', entities('age'), ofUser) },
          },
        ],
      },
    });
  });

  it('runs the rest of a subscription on each event', () => {
    expect(plan('subscription { moved { age } }')).toEqual({
      kind: 'QueryPlan',
      node: {
        kind: 'Subscription',
        primary: fetch('accounts', 'subscription{moved{__typename id}}', { operationKind: 'subscription' }),
        rest: {
          kind: 'Sequence',
          nodes: [{ kind: 'Flatten', path: ['moved'], node: fetch('profiles', entities('age'), ofUser) }],
        },
      },
    });
  });

  it('is refused in words when the operation does not fit', () => {
    expect(whyNot(() => plan('{ me { nope } }'))).toBe('Cannot query field "nope" on type "User".');
    expect(whyNot(() => plan('{ me'))).toBe('Syntax Error: Expected Name, found <EOF>.');
    expect(whyNot(() => plan('{ me { id } }', { operationName: 'Q' }))).toBe('Unknown operation named "Q"');
  });
});
