import { describe, expect, it } from '@jest/globals';
import { assertObjectType, buildSchema, parse, type GraphQLSchema } from 'graphql';
import { clientSchema, composed } from '../test-support/protected-supergraph.js';
import { hidesObjectTypes, supergraphSchema } from './supergraph-types.js';

const IMPORTS = '["@key", "@inaccessible"]';
const loaded = (sdl: string) => {
  const supergraph = composed([sdl], IMPORTS);
  return { supergraph: supergraphSchema(parse(supergraph)), api: clientSchema(supergraph) };
};

const fieldsOf = (schema: GraphQLSchema, type: string) =>
  Object.keys(assertObjectType(schema.getType(type)).getFields());

describe('The supergraph as a schema', () => {
  it('has what clients cannot see', () => {
    const { supergraph, api } = loaded(`
      type Query { one: One }
      type One { open: Int  hidden: Int @inaccessible }
      type Secret @inaccessible { id: Int }`);
    expect(fieldsOf(supergraph, 'One')).toEqual(['open', 'hidden']);
    expect(fieldsOf(api, 'One')).toEqual(['open']);
    expect([supergraph.getType('Secret'), api.getType('Secret')]).toEqual([expect.anything(), undefined]);
  });

  it('is read without asking whether it would be valid', () => {
    expect(
      supergraphSchema(parse('type Query @unknown { one: Int @join__field(graph: NOWHERE) }')).getType('Query'),
    ).toBeDefined();
  });
});

describe('A supergraph hides object types from clients', () => {
  it.each([
    [
      'when one of them is inaccessible',
      'type Query { pet: Pet } interface Pet { name: String } type Cat implements Pet { name: String } type Dog implements Pet @inaccessible { name: String }',
      true,
    ],
    ['not when all of them are seen', 'type Query { pet: Cat } type Cat { name: String }', false],
    [
      'not when only a field is inaccessible',
      'type Query { pet: Cat } type Cat { name: String  age: Int @inaccessible }',
      false,
    ],
    [
      'not when only an interface, an enum or an input is inaccessible: no object is of those',
      'type Query { pet: Cat } type Cat implements Pet { name: String } interface Pet @inaccessible { name: String } enum Odd @inaccessible { A } input In @inaccessible { a: Int }',
      false,
    ],
  ])('%s', (_when, sdl, hides) => {
    const { supergraph, api } = loaded(sdl);
    expect(hidesObjectTypes(supergraph, api)).toBe(hides);
  });

  it('never when it is the client schema itself', () => {
    const schema = buildSchema('type Query { one: Int }');
    expect(hidesObjectTypes(schema, schema)).toBe(false);
  });
});
