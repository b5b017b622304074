import { describe, expect, it } from '@jest/globals';
import { buildSchema, getIntrospectionQuery, parse } from 'graphql';
import { fieldRequirements } from './field-requirements.js';
import { operationRequirements } from './operation-requirements.js';
import type { Requirement } from './requirement.js';

const schema = buildSchema(`
  type Query { me: User node: Node open: Int }
  interface Node { id: ID! }
  type User implements Node { id: ID! email: String friend: User }
  type Team implements Node { id: ID! }
`);
const authenticated: Requirement = { kind: 'authenticated' };
const policies: Requirement = { kind: 'policies', anyOf: [['a', 'b'], ['a']] };
const required = fieldRequirements(
  new Map([
    ['User.email', [authenticated, policies]],
    ['User.id', [authenticated]],
    ['User.friend', [authenticated]],
  ]),
  schema,
);

const of = (source: string, name: string | null = null) => operationRequirements(parse(source), name, schema, required);
/** The response names of the protected fields. */
const fieldsOf = (source: string, name: string | null = null) =>
  [...(of(source, name)?.protectedFields.keys() ?? [])].map((field) => (field.alias ?? field.name).value);

describe('The requirements of an operation', () => {
  it('are those of its fields, each once, and their policies, each once', () => {
    const found = of('{ me { id email x: email } open }');
    expect(found?.requirements).toEqual([authenticated, policies]);
    expect(found?.policies).toEqual(['a', 'b']);
    expect([...found!.protectedFields.values()]).toEqual([
      [authenticated],
      [authenticated, policies],
      [authenticated, policies],
    ]);
  });

  it('are null where nothing is protected', () => {
    expect(of('{ open me { __typename } }')).toBeNull();
    expect(of(getIntrospectionQuery())).toBeNull();
  });

  it('are not those of another operation, or of a fragment it does not use', () => {
    const source = `query A { open } query B { me { ...F } } fragment F on User { email }`;
    expect(of(source, 'A')).toBeNull();
    expect(fieldsOf(source, 'B')).toEqual(['email']);
    expect([...of(source, 'B')!.fragments.keys()]).toEqual(['F']);
  });

  it.each([
    ['under an alias', '{ me { open: email } }', ['open']],
    ['in an inline fragment', '{ node { ... on User { email } } }', ['email']],
    ['in an inline fragment without a type', '{ me { ... { email } } }', ['email']],
    [
      'in fragments of fragments',
      '{ me { ...A } } fragment A on User { ...B } fragment B on User { email }',
      ['email'],
    ],
    ['under a denied one', '{ me { friend { email } } }', ['friend', 'email']],
    ['that a variable would leave out', 'query ($v: Boolean!) { me { email @include(if: $v) } }', ['email']],
    ['that is never included', '{ me { email @skip(if: true) } }', ['email']],
    ['on an interface of which one object is protected', '{ node { id } }', ['id']],
  ])('see a field %s', (_where, source, expected) => {
    expect(fieldsOf(source)).toEqual(expected);
  });

  it('ask of a fragment on an object type for that type alone', () => {
    expect(of('{ node { ... on Team { id } } }')).toBeNull();
    expect(fieldsOf('{ node { ... on Team { ... on Node { id } } } }')).toEqual(['id']);
  });

  it('are found in one pass where fragments double with every level', () => {
    const levels = Array.from(
      { length: 60 },
      (_, at) => `fragment F${at} on User { a: friend { ...F${at + 1} } b: friend { ...F${at + 1} } }`,
    );
    const found = of(`{ me { ...F0 } } ${levels.join(' ')} fragment F60 on User { email }`);
    expect(found?.protectedFields.size).toBe(121);
  });
});
