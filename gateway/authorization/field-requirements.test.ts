import { describe, expect, it } from '@jest/globals';
import { buildSchema } from 'graphql';
import { fieldRequirements } from './field-requirements.js';
import type { Requirement } from './requirement.js';

const schema = buildSchema(`
  type Query { user: User node: Node nodes: [Node!]! found: Found colour: [Colour!] secret(of: Colour): Secret open: Int }
  interface Node { id: ID! owner: Node }
  type User implements Node { id: ID! owner: Team email: String }
  type Team implements Node { id: ID! owner: Node }
  union Found = User | Book
  type Book { title: String }
  enum Colour { RED }
  scalar Secret
`);

/** What each field requires when these coordinates are protected, each by a scope of its own name. */
function required(...coordinates: readonly string[]): Record<string, readonly string[]> {
  const declared = new Map(
    coordinates.map((name): [string, Requirement[]] => [name, [{ kind: 'scopes', anyOf: [[name]] }]]),
  );
  return Object.fromEntries(
    [...fieldRequirements(declared, schema)].map(([coordinate, requirements]) => [
      coordinate,
      requirements.flatMap((one) => (one.kind === 'scopes' ? one.anyOf.flat() : [])),
    ]),
  );
}

describe('A field requires', () => {
  it('what stands on it', () => {
    expect(required('Query.open')).toEqual({ 'Query.open': ['Query.open'] });
  });

  it('what its parent type requires, whatever the field is', () => {
    expect(required('Book')).toEqual({
      'Book.__typename': ['Book'],
      'Book.title': ['Book'],
      'Found.__typename': ['Book'],
    });
  });

  it('what the type it returns requires, in lists and under non-null too', () => {
    expect(required('Colour', 'Secret')).toEqual({ 'Query.colour': ['Colour'], 'Query.secret': ['Secret'] });
    expect(required('Node')['Query.nodes']).toEqual(['Node']);
  });

  it('all of these together, each once', () => {
    expect(required('Query', 'Query.user', 'User')['Query.user']).toEqual(['Query', 'Query.user', 'User']);
    expect(required('Team')['Team.owner']).toEqual(['Team']);
  });

  it('on an interface, what any object behind it requires for that field', () => {
    const all = required('User.id', 'Team.id');
    expect(all).toEqual({ 'Node.id': ['User.id', 'Team.id'], 'User.id': ['User.id'], 'Team.id': ['Team.id'] });
  });

  it('on an interface, what the narrower types require that its objects return', () => {
    expect(required('Team')['Node.owner']).toEqual(['Team']);
  });

  it('on an object, nothing of its interface', () => {
    expect(required('Node.id')).toEqual({ 'Node.id': ['Node.id'] });
  });

  it('on a union, what any of its members requires: only __typename can be selected there', () => {
    expect(required('User')['Found.__typename']).toEqual(['User']);
    expect(required('User')['Query.found']).toBeUndefined();
  });

  it('nothing to show the schema, even where the root is protected', () => {
    expect(Object.keys(required('Query')).filter((name) => /__(schema|type)$/i.test(name))).toEqual([]);
  });
});
