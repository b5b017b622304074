import { describe, expect, it } from '@jest/globals';
import { buildClientSchema, getIntrospectionQuery, printSchema, type IntrospectionQuery } from 'graphql';
import { testGraph } from './test-graph.js';

const plants = {
  sdl: `
    type Query { plant: Plant }
    "Grows."
    type Plant @key(fields: "id") { id: ID!  name(language: Language = EN): String @deprecated(reason: "Use id.") }
    enum Language { EN LA }
  `,
  resolvers: { Query: { plant: () => ({ id: 'p1', name: 'Oak' }) } },
  entity: (representation: object) => representation,
};
const gardens = {
  sdl: 'type Mutation { water(id: ID!): Int } type Plant @key(fields: "id") { id: ID!  thirst: Int }',
  resolvers: { Plant: { thirst: () => 3 }, Mutation: { water: () => 1 } },
  entity: (representation: object) => representation,
};

describe('Introspection', () => {
  it('is answered without asking any subgraph', async () => {
    const graph = await testGraph({ plants, gardens });
    expect(
      await graph.ask(`{
        __schema { queryType { name } mutationType { name } subscriptionType { name } }
        plant: __type(name: "Plant") { __typename kind description fields(includeDeprecated: true) { name isDeprecated } }
        nothing: __type(name: "Nothing") { name }
      }`),
    ).toEqual({
      data: {
        __schema: { queryType: { name: 'Query' }, mutationType: { name: 'Mutation' }, subscriptionType: null },
        plant: {
          __typename: '__Type',
          kind: 'OBJECT',
          description: 'Grows.',
          fields: [
            { name: 'id', isDeprecated: false },
            { name: 'thirst', isDeprecated: false },
            { name: 'name', isDeprecated: true },
          ],
        },
        nothing: null,
      },
    });
    expect(graph.askedSubgraphs).toEqual([]);
  });

  it('describes exactly the API schema, and none of federation’s machinery', async () => {
    const graph = await testGraph({ plants, gardens });
    const { data } = (await graph.ask(getIntrospectionQuery())) as { data: IntrospectionQuery };
    const told = printSchema(buildClientSchema(data));
    expect(told.replace(/"""[^"]*"""\n/g, '')).toBe(printSchema(graph.schema).replace(/"""[^"]*"""\n/g, ''));
    expect(told).not.toMatch(/join__|link__|federation__|_entities|_service|_Any|core__/);
  });

  it('stands among data in the order of the operation', async () => {
    const graph = await testGraph({ plants, gardens });
    const answer = await graph.ask(
      '{ plant { thirst } kind: __type(name: "Language") { kind } __typename again: plant { name } }',
    );
    expect(JSON.stringify(answer)).toBe(
      '{"data":{"plant":{"thirst":3},"kind":{"kind":"ENUM"},"__typename":"Query","again":{"name":"Oak"}}}',
    );
  });

  it('takes variables and conditions as any field does', async () => {
    const graph = await testGraph({ plants, gardens });
    const source =
      'query ($name: String!, $no: Boolean = false) { __type(name: $name) { name fields @include(if: $no) { name } } plant { id } }';
    expect(await graph.ask(source, { variables: { name: 'Plant' } })).toEqual({
      data: { __type: { name: 'Plant' }, plant: { id: 'p1' } },
    });
  });

  it('of the root’s type alone asks nobody', async () => {
    const graph = await testGraph({ plants, gardens });
    expect(await graph.ask('{ __typename a: __typename }')).toEqual({ data: { __typename: 'Query', a: 'Query' } });
    expect(await graph.ask('mutation { __typename }')).toEqual({ data: { __typename: 'Mutation' } });
    expect(graph.askedSubgraphs).toEqual([]);
  });
});
