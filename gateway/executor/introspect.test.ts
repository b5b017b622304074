import { describe, expect, it } from '@jest/globals';
import { buildSchema, executeSync, getIntrospectionQuery, parse, type FieldNode } from 'graphql';
import { clientOperationOf } from '../test-support/client-operation-of.js';
import { introspect } from './introspect.js';

const SCHEMA = buildSchema(`
  type Query { book(by: By): Book }
  type Book { id: ID! old: Int @deprecated(reason: "Use id.") }
  input By @oneOf { id: ID title: String }
`);

/** Of the operation's first field. */
function answered(query: string, variables: Readonly<Record<string, unknown>> = {}): unknown {
  const client = clientOperationOf(parse(query));
  const field = client.operation.selectionSet.selections[0] as FieldNode;
  return JSON.parse(introspect(field, SCHEMA, client, variables));
}

describe('Introspection', () => {
  it('is answered as graphql-js answers it', () => {
    const source = getIntrospectionQuery({ oneOf: true, inputValueDeprecation: true, specifiedByUrl: true });
    const { data } = executeSync({ schema: SCHEMA, document: parse(source) });
    expect({ __schema: answered(source) }).toEqual(data);
  });

  it('takes the client’s variables, and their defaults', () => {
    const query =
      'query ($name: String! = "Book", $old: Boolean, $other: Int!) { __type(name: $name) { name fields(includeDeprecated: $old) { name } } b: book(n: $other) }';
    expect(answered(query, { other: 1 })).toEqual({ name: 'Book', fields: [{ name: 'id' }] });
    expect(answered(query, { other: 1, old: true })).toEqual({
      name: 'Book',
      fields: [{ name: 'id' }, { name: 'old' }],
    });
    expect(answered(query, { other: 1, name: 'Nothing' })).toBeNull();
  });

  it('needs no variable that stands elsewhere in the operation', () => {
    expect(answered('query ($other: Int!) { __type(name: "Book") { name } book(n: $other) }')).toEqual({
      name: 'Book',
    });
  });

  it('goes through fragments, also those in fragments, and the variables in them', () => {
    const query = `query ($old: Boolean!, $deep: Boolean!) { __type(name: "Book") { ...A } book { ...Unused } }
      fragment A on __Type { fields(includeDeprecated: $old) { ...B } }
      fragment B on __Field { name isDeprecated @include(if: $deep) }
      fragment Unused on Book { id }`;
    expect(answered(query, { old: true, deep: true })).toEqual({
      fields: [
        { name: 'id', isDeprecated: false },
        { name: 'old', isDeprecated: true },
      ],
    });
  });

  it('tells which input takes exactly one of its fields', () => {
    expect(answered('{ __type(name: "By") { isOneOf } }')).toEqual({ isOneOf: true });
    expect(answered('{ __type(name: "Book") { isOneOf } }')).toEqual({ isOneOf: null });
  });

  it('answers under the client’s names', () => {
    expect(answered('{ mine: __schema { root: queryType { name } } }')).toEqual({ root: { name: 'Query' } });
  });
});
