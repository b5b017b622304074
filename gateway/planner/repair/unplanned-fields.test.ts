import { describe, expect, it } from '@jest/globals';
import { parse } from 'graphql';
import { supergraphOf } from '../../test-support/test-subgraphs.js';
import { loadApolloPlanner } from '../apollo-planner.js';
import type { QueryPlan } from '../query-plan.js';
import { unplannedFields } from './unplanned-fields.js';

const LINK = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@interfaceObject"])\n`;

const planner = loadApolloPlanner(
  supergraphOf({
    a: `${LINK} type Query { node: Node  user: User  any: Any } interface Node @key(fields: "id") { id: ID! }
      type User @key(fields: "id") { id: ID!  name: String }  union Any = User`,
    b: `${LINK} type Query { other: Int } type Mutation { one: Int  two: Int }
      type Node @key(fields: "id", resolvable: false) @interfaceObject { id: ID!  field: String }
      type User @key(fields: "id") { id: ID!  age: Int }
      type Spare @key(fields: "id") { id: ID! }  union Any = Spare`,
  }),
);

const plan = (document: string) =>
  planner.plan({ document, operationName: null, overrides: {}, conditions: new Map() });

describe('A root field', () => {
  it.each([
    ['alone', '{ node { field } }', 'node'],
    ['beside others', '{ other node { field } user { name } }', 'node'],
    ['under an alias, in a fragment', '{ other ...f } fragment f on Query { it: node { field } }', 'it'],
  ])('that the planner dropped is told: %s', (_where, document, name) => {
    expect(() => plan(document)).toThrow(`No subgraph answers ${name} with what is asked of it.`);
  });

  it.each([
    ['is planned', '{ node { id } user { name age } other }'],
    ['is a meta-field', '{ __typename again: __typename }'],
    ['is left out by its own condition', '{ node @skip(if: true) { field } ... @include(if: false) { other } }'],
    [
      'has a condition that is not known yet',
      'query ($if: Boolean!) { other @skip(if: $if) ... @include(if: $if) { user { age } } }',
    ],
    ['leads to nothing that can be there', '{ any { ... on Spare { id } } }'],
    ['is a mutation', 'mutation { one two }'],
  ])('that %s is not missed', (_what, document) => {
    expect(() => plan(document)).not.toThrow();
  });

  it('is found in whatever part of the plan brings it', () => {
    const fetch = (operation: string) =>
      ({ kind: 'Fetch', serviceName: 'a', operation, operationKind: 'query' }) as const;
    const node: QueryPlan['node'] = {
      kind: 'Defer',
      primary: { node: { kind: 'Sequence', nodes: [fetch('{one}'), { kind: 'Parallel', nodes: [fetch('{a:two}')] }] } },
      deferred: [
        { depends: [], queryPath: [], node: { kind: 'Flatten', path: [], node: fetch('{...on Query{three}}') } },
      ],
    };
    const below: QueryPlan['node'] = { kind: 'Flatten', path: ['one'], node: fetch('{five}') };
    const asked = parse('{ one a: two three four five }');
    expect(unplannedFields(asked, { kind: 'QueryPlan', node })).toEqual(['four', 'five']);
    expect(unplannedFields(asked, { kind: 'QueryPlan', node: below })).toHaveLength(5);
    const event: QueryPlan = { kind: 'QueryPlan', node: { kind: 'Subscription', primary: fetch('subscription{one}') } };
    expect(unplannedFields(parse('subscription { one }'), event)).toEqual([]);
  });
});
